import type { Logger, UntrustedDirectory, UserIdentity } from '@slapos/host';

/** A program that a manager has run for a partition. */
export interface ManagedProgram {
  /** Name in the configuration and of the process: letters, digits, `._+@-`. */
  readonly id: string;
  /** An absolute path, or a program with its arguments. */
  readonly command: string | readonly string[];
  /** Run as root rather than as the partition's user. Default false. */
  readonly asRoot?: boolean;
}

/** The services that a manager runs for a partition: groups of its own, which it alone writes. (spec: managers §2) */
export interface ManagedServices {
  /**
   * Makes the group `PARTITION-SUFFIX` exactly this; without programs it is removed. What runs and has not changed goes on.
   * Nothing is started.
   */
  setGroup(suffix: string, programs: readonly ManagedProgram[]): Promise<void>;
  /**
   * Starts a program of a group, unless it runs or has run since the supervisor started.
   * @returns `false` when there was nothing to do
   */
  startOnce(suffix: string, id: string): Promise<boolean>;
}

/** A Computer Partition, as managers see it. */
export interface ManagedPartition {
  readonly partitionId: string;
  readonly computerId: string;
  /** Absolute path of its folder. */
  readonly directory: string;
  /** The same folder, open. Files in it belong to somebody who is not trusted: read and write them through this only. */
  readonly folder: UntrustedDirectory;
  /** Owner and group of the folder. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** The owner, when we can act as him; `undefined` when we are not root. */
  readonly user: UserIdentity | undefined;
  /** His login name; the number as text when he has none. */
  readonly userName: string;
  readonly softwareReleaseUrl: string | undefined;
  readonly requestedState: string;
  /** What its requester asks for, as the master gives it: not trusted. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Its addresses, IPv4 and IPv6, in the master's order. */
  readonly addresses: readonly string[];
  readonly services: ManagedServices;
  /** Whether a destroyed instance may be removed already; the first time this fixes its retention date. (spec: grid §8.6) */
  mayBeRemoved(): Promise<boolean>;
  readonly logger: Logger;
}

/** A Software Release of the master's list, whatever its state. */
export interface ManagedSoftware {
  readonly softwareReleaseUrl: string;
  readonly requestedState: string;
  /** Absolute path of its folder, which may not exist. */
  readonly directory: string;
  readonly softwareRoot: string;
  readonly logger: Logger;
}

/** The computer that is being formatted. */
export interface ManagedComputer {
  readonly computerId: string;
  readonly instanceRoot: string;
  readonly softwareRoot: string;
  readonly partitions: readonly { readonly partitionId: string; readonly userName: string }[];
  readonly logger: Logger;
}
