import { writeSupervisorEnvironment } from '@slapos/supervisor';

import type { NodeOptions } from '../pass/options.js';
import { writeFirewallPrograms } from './firewall-programs.js';
import { openRoot } from '../software/observe.js';

/**
 * Makes sure that the two roots exist, and that the agent's own folders and supervisord's configuration are as they should be.
 * (spec: grid 4)
 * @throws GridError `GRID_FOLDER_MISSING`.
 */
export async function prepareStructure(options: NodeOptions): Promise<void> {
  for (const [path, key] of [
    [options.softwareRoot, 'software_root'],
    [options.instanceRoot, 'instance_root'],
  ] as const) {
    const root = await openRoot(path, key);
    await root[Symbol.asyncDispose]();
  }
  const { watchdogProgram, certificateRepositoryPath, masterUrl, computerId } = options;
  await writeSupervisorEnvironment({
    instanceRoot: options.instanceRoot,
    watchdog:
      watchdogProgram === undefined
        ? undefined
        : { program: watchdogProgram, masterUrl, computerId, certificateRepositoryPath },
  });
  await writeFirewallPrograms(options.instanceRoot, options.firewallPrograms ?? {});
}
