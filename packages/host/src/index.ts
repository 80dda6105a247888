export { systemClock, type Clock } from './clock.js';
export type { Command, CommandLimits, CommandResult, CommandRunner } from './commands/command.js';
export { closeInheritedDescriptors, inheritedDescriptors } from './commands/descriptors.js';
export { TRUSTED_PATH, type Environment } from './commands/environment.js';
export { DryRunCommandRunner } from './commands/dry-run-command-runner.js';
export { LinuxCommandRunner, type LinuxCommandRunnerOptions } from './commands/linux-command-runner.js';
export { KEPT_HEAD_LENGTH, KEPT_TAIL_LENGTH, MAX_LINE_LENGTH } from './commands/output.js';
export {
  findProgram,
  programKind,
  whyUntrusted,
  type FindProgramOptions,
  type ProgramKind,
} from './commands/program.js';
export { isProcessAlive, readProcessStatus, type ProcessStatus } from './commands/process-tree.js';
export { HelperSpawner } from './commands/helper-spawner.js';
export {
  DirectSpawner,
  type SpawnedExit,
  type SpawnedProcess,
  type Spawner,
  type SpawnListener,
  type SpawnRequest,
} from './commands/spawner.js';
export type { BlockDevice, Disks, Mount } from './disks/disks.js';
export { freeSpace, LinuxDisks } from './disks/linux-disks.js';
export { HostError, isSlapOSError, SlapOSError, type HostErrorCode, type SlapOSErrorOptions } from './errors.js';
export type { OwnershipOptions, OwnershipReport } from './files/change-owner.js';
export type { EntryStat, EntryType } from './files/descriptor.js';
export { removeAsOwner, type RemoveAsOwnerOptions } from './files/remove-as-owner.js';
export type { OwnerRemoval, RemovalProblem, RemoveTreeOptions, RemoveTreeReport } from './files/remove-tree.js';
export { removeTree, writeFileAtomically, writeFileIfDifferent } from './files/trusted-files.js';
export { giveBlockDevice, makeKernelDirectory, removeKernelDirectory, writeKernelFile } from './files/kernel-files.js';
export type { ExpectedOwner } from './files/open-directory.js';
export type { OpenSubdirectoryOptions, Ownership, ReadOptions, WriteOptions } from './files/options.js';
export { UntrustedDirectory } from './files/untrusted-directory.js';
export { DryRunClock } from './dry-run-clock.js';
export { createDryRunHost, type DryRunHost } from './dry-run-host.js';
export { createLinuxHost, type Host, type LinuxHost, type LinuxHostOptions } from './host.js';
export { DryRunLocks } from './locks/dry-run-locks.js';
export { acquireLock, LinuxLocks, type AcquireLockOptions } from './locks/linux-lock.js';
export type { HeldLock, Locks } from './locks/lock.js';
export { escapeControlCharacters } from './log/escape.js';
export { silentLogger, type LogFields, type Logger } from './log/logger.js';
export { redactSecrets } from './log/redact.js';
export { addressFamily, canonicalAddress, canonicalDestination, canonicalPrefix } from './network/addresses.js';
export { awaitAddress, type AddressReadiness } from './network/await-address.js';
export { DryRunNetwork } from './network/dry-run-network.js';
export { LinuxNetwork, type LinuxNetworkOptions } from './network/linux-network.js';
export type {
  AddressFamily,
  Network,
  NetworkAddress,
  NetworkChange,
  NetworkChanges,
  NetworkLink,
  NetworkOutcome,
  NetworkRoute,
} from './network/network.js';
export { renderNetworkChange } from './network/render.js';
export { formatHumanSize, parseHumanSize } from './sizes.js';
export type { AccountChange, Accounts, NewUser, UserChange } from './users/accounts.js';
export { DryRunAccounts } from './users/dry-run-accounts.js';
export { LinuxAccounts } from './users/linux-accounts.js';
export { endProcessesOfUser, processesOfUser, removeTracesOfUser, type TracesContext } from './users/traces.js';
export { LinuxUserDatabase, type LinuxUserDatabaseOptions } from './users/linux-user-database.js';
export type { GroupEntry, UserDatabase, UserEntry, UserIdentity } from './users/user.js';
