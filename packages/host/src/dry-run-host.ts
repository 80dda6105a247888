import { DryRunCommandRunner } from './commands/dry-run-command-runner.js';
import { DryRunClock } from './dry-run-clock.js';
import type { Host } from './host.js';
import { DryRunLocks } from './locks/dry-run-locks.js';
import { DryRunNetwork } from './network/dry-run-network.js';
import { DryRunAccounts } from './users/dry-run-accounts.js';

/** A host that reads the real one and records what it would do to it. */
export interface DryRunHost extends Host {
  readonly commands: DryRunCommandRunner;
  readonly accounts: DryRunAccounts;
  readonly network: DryRunNetwork;
  readonly locks: DryRunLocks;
  readonly clock: DryRunClock;
}

/**
 * Wraps a host for `--dry-run`: nothing is run, changed, locked or waited for, and each port tells what would have been. `disks` can only
 * be looked at and stay the real ones.
 */
export function createDryRunHost(real: Host): DryRunHost {
  const accounts = new DryRunAccounts(real.accounts);
  return {
    ...real,
    commands: new DryRunCommandRunner(real.commands),
    accounts,
    users: accounts,
    network: new DryRunNetwork(real.network),
    locks: new DryRunLocks(),
    clock: new DryRunClock(real.clock),
  };
}
