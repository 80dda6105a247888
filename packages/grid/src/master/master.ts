import type { ComputerInformation, MasterRequestListener } from '@slapos/slap';

/** The client certificate of a partition, as PEM texts. */
export interface PartitionCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Options of every call. */
export interface MasterCallOptions {
  readonly signal?: AbortSignal;
}

/**
 * What a pass asks of the master. (spec: grid 16)
 * All calls throw SlapError; see `isMasterUnreachable` for the ones that end an online pass.
 */
export interface Master {
  /** Tells of each request when it has ended, from now on. Absent where none are sent. @returns ends it */
  onRequest?(listener: MasterRequestListener): () => void;

  /** Everything that the master wants of this computer: one request. */
  fetchComputerInformation(options?: MasterCallOptions): Promise<ComputerInformation>;

  /** `buildingSoftwareRelease`. A master that does not know the release (404) is not an error. */
  reportSoftwareBuilding(softwareReleaseUrl: string, options?: MasterCallOptions): Promise<void>;
  reportSoftwareAvailable(softwareReleaseUrl: string, options?: MasterCallOptions): Promise<void>;
  reportSoftwareDestroyed(softwareReleaseUrl: string, options?: MasterCallOptions): Promise<void>;
  /** Never rejects: a report that cannot be sent is logged by the adapter. */
  reportSoftwareError(softwareReleaseUrl: string, text: string): Promise<void>;

  reportPartitionStarted(partitionId: string, options?: MasterCallOptions): Promise<void>;
  reportPartitionStopped(partitionId: string, options?: MasterCallOptions): Promise<void>;
  reportPartitionDestroyed(partitionId: string, options?: MasterCallOptions): Promise<void>;
  /** Never rejects: a report that cannot be sent is logged by the adapter. */
  reportPartitionError(partitionId: string, text: string): Promise<void>;
  /** Asks the master to have every instance of the computer's tree processed again. */
  bangPartition(partitionId: string, message: string, options?: MasterCallOptions): Promise<void>;
  bangComputer(message: string, options?: MasterCallOptions): Promise<void>;

  /** Sends a usage document. It is not repeated when nobody knows whether it has arrived. (spec: grid 11) */
  reportUsage(document: string, options?: MasterCallOptions): Promise<void>;

  fetchPartitionCertificate(partitionId: string, options?: MasterCallOptions): Promise<PartitionCertificate>;
  /** Pairs of interface and address of all partitions of the instance's tree. */
  fetchHostingIpAddresses(
    partitionId: string,
    options?: MasterCallOptions,
  ): Promise<readonly (readonly [string, string])[]>;
  /** Which instances this one requested; the master drops the others. False when the master has no such call (404). */
  updateRelatedInstances(
    partitionId: string,
    partitionReferences: readonly string[],
    options?: MasterCallOptions,
  ): Promise<boolean>;
}
