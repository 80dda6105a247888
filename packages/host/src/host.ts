import type { Clock } from './clock.js';
import { systemClock } from './clock.js';
import type { CommandRunner } from './commands/command.js';
import { LinuxCommandRunner, type LinuxCommandRunnerOptions } from './commands/linux-command-runner.js';
import type { Disks } from './disks/disks.js';
import { LinuxDisks } from './disks/linux-disks.js';
import { LinuxLocks } from './locks/linux-lock.js';
import type { Locks } from './locks/lock.js';
import { silentLogger, type Logger } from './log/logger.js';
import { LinuxNetwork } from './network/linux-network.js';
import type { Network } from './network/network.js';
import type { Accounts } from './users/accounts.js';
import { LinuxAccounts } from './users/linux-accounts.js';
import { LinuxUserDatabase } from './users/linux-user-database.js';
import type { UserDatabase } from './users/user.js';

/** The Linux machine behind one port: what spawns processes, knows users, and touches disks and the network. */
export interface Host {
  readonly commands: CommandRunner;
  readonly users: UserDatabase;
  /** Users and groups, to change them. */
  readonly accounts: Accounts;
  readonly network: Network;
  readonly locks: Locks;
  readonly disks: Disks;
  readonly clock: Clock;
  /** Whether we can act as other users. */
  readonly isRoot: boolean;
}

/** The machine itself. Disposing of it ends what it started to do its work; not doing so keeps no process alive. */
export type LinuxHost = Host & AsyncDisposable;

export interface LinuxHostOptions
  extends Pick<LinuxCommandRunnerOptions, 'environment' | 'environmentPass' | 'minimumUid'> {
  /** Default: silent. */
  readonly logger?: Logger;
}

/** The machine that we run on. Give it `process.env` as `environment`, so that children get the allowed part of it. */
export function createLinuxHost(options: LinuxHostOptions = {}): LinuxHost {
  const logger = options.logger ?? silentLogger;
  const users = new LinuxUserDatabase();
  const commands = new LinuxCommandRunner({ ...options, users, logger });
  return {
    commands,
    users,
    accounts: new LinuxAccounts(commands),
    network: new LinuxNetwork({ commands, users }),
    locks: new LinuxLocks({ logger }),
    disks: new LinuxDisks(),
    clock: systemClock,
    isRoot: process.geteuid?.() === 0,
    [Symbol.asyncDispose]: () => commands[Symbol.asyncDispose](),
  };
}
