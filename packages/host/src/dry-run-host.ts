import { DryRunCommandRunner } from './commands/dry-run-command-runner.js';
import type { Host } from './host.js';
import { MemoryLocks } from './locks/memory-locks.js';
import { DryRunNetwork } from './network/dry-run-network.js';
import { DryRunAccounts } from './users/dry-run-accounts.js';

/** A host that reads the real one and records what it would do to it. */
export interface DryRunHost extends Host {
  readonly commands: DryRunCommandRunner;
  readonly accounts: DryRunAccounts;
  readonly network: DryRunNetwork;
}

/** Wraps a host for `--dry-run`: nothing is run, changed or locked; `commands`, `accounts` and `network` tell what would have been. */
export function createDryRunHost(real: Host): DryRunHost {
  const accounts = new DryRunAccounts(real.accounts);
  return {
    ...real,
    commands: new DryRunCommandRunner(real.commands),
    accounts,
    users: accounts,
    network: new DryRunNetwork(real.network),
    locks: new MemoryLocks(),
  };
}
