import type { Host } from './host.js';
import { ManualClock } from './manual-clock.js';
import { MemoryCommandRunner } from './commands/memory-command-runner.js';
import { MemoryDisks } from './disks/memory-disks.js';
import { MemoryLocks } from './locks/memory-locks.js';
import { MemoryNetwork } from './network/memory-network.js';
import { MemoryAccounts } from './users/memory-accounts.js';

export { MemoryCommandRunner, type ScriptedResult } from './commands/memory-command-runner.js';
export { MemoryDisks, type MemoryDisksOptions } from './disks/memory-disks.js';
export { MemoryLocks } from './locks/memory-locks.js';
export { RecordingLogger, type LogRecord } from './log/recording-logger.js';
export { ManualClock } from './manual-clock.js';
export { PRIVILEGE_PROBE_COUNT, PRIVILEGE_PROBES } from './privilege-probes.js';
export { MemoryNetwork, type MemoryNetworkOptions } from './network/memory-network.js';
export { MemoryAccounts, type MemoryAccountsOptions } from './users/memory-accounts.js';

/** A machine that exists in memory only; give the parts that a test wants to look at or script. */
export function createMemoryHost(parts: Partial<Host> = {}): Host {
  const accounts = new MemoryAccounts();
  return {
    commands: new MemoryCommandRunner(),
    users: accounts,
    accounts,
    network: new MemoryNetwork(),
    locks: new MemoryLocks(),
    disks: new MemoryDisks(),
    clock: new ManualClock(),
    isRoot: true,
    ...parts,
  };
}
