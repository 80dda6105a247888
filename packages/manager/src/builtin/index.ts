import type { ManagerDefinition } from '../contract/manager.js';
import { cgroupManager } from './cgroup.js';
import { cpusetManager } from './cpuset.js';
import { devpermManager } from './devperm.js';
import { portredirManager } from './portredir.js';
import { prermManager } from './prerm.js';
import { whitelistFirewallManager } from './whitelist-firewall.js';

/** The managers that come with the node, by the name that `manager_list` has for them. */
export const BUILT_IN_MANAGERS: ReadonlyMap<string, ManagerDefinition> = new Map(
  [prermManager, cpusetManager, devpermManager, portredirManager, whitelistFirewallManager, cgroupManager].map(
    (definition) => [definition.name, definition as ManagerDefinition],
  ),
);
