import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FirewallSection } from '@slapos/grid';
import type { Host, Logger } from '@slapos/host';
import { loadManagers, type ManagerSet } from '@slapos/manager';
import type { ConfigFile } from '../config/config-file.js';

const SECTION = 'manager';
/** Below the instance root. */
const STATE_FOLDER = 'var/lib/managers';
const INSTALLED = `${path.sep}node_modules${path.sep}`;

/**
 * The managers that `manager_list` names, in its order (spec: managers §1).
 * @throws ManagerError
 */
export async function loadNodeManagers(
  config: ConfigFile,
  instanceRoot: string,
  firewall: FirewallSection | undefined,
  ports: { readonly host: Host; readonly logger: Logger },
): Promise<ManagerSet> {
  // The text behind the word and one more character is the manager's name.
  const sections = new Map(
    config.sectionNames
      .filter((name) => name.startsWith(SECTION))
      .map((name) => [name.slice(SECTION.length + 1), Object.fromEntries(config.section(name))] as const),
  );
  return loadManagers(
    {
      names: words(config.value('slapos', 'manager_list')),
      sections,
      packageDirectories: [...words(config.value('slapos', 'manager_package_directory')), ...ownFolder()],
      stateDirectory: path.join(instanceRoot, STATE_FOLDER),
      powerUsers: words(config.value('slapos', 'power_user_list')),
      firewallCommand: firewall === undefined ? undefined : words(firewall.firewall_cmd ?? 'firewall-cmd'),
    },
    ports,
  );
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter((word) => word !== '');
}

/** Managers may be installed where this package is: `npm install --global @slapos/cli my-manager`. */
function ownFolder(): string[] {
  const own = fileURLToPath(import.meta.url);
  return own.includes(INSTALLED) ? [own.slice(0, own.indexOf(INSTALLED))] : [];
}
