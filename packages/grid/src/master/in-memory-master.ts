import type { ComputerInformation, PartitionInformation } from '@slapos/slap';

import type { Master, PartitionCertificate } from './master.js';

/** One call that a pass made. */
export type RecordedCall = readonly [method: keyof Master, ...details: readonly unknown[]];

/** The methods of a master that report something or ask for something; each can be made to fail. */
export type MasterMethod = keyof Master;

/**
 * A master that lives in memory: it asks for what it is told to ask for, and remembers every call. For tests and dry runs.
 */
export class InMemoryMaster implements Master {
  /** What it wants of the computer; may be replaced at any time. */
  information: ComputerInformation;
  /** All calls, in their order, with what distinguishes them. */
  readonly calls: RecordedCall[] = [];
  /** Certificates by partition; partitions that are not in it get one made of their name. */
  readonly certificates = new Map<string, PartitionCertificate>();
  /** Addresses of the tree of an instance, by partition. */
  readonly hostingIpAddresses = new Map<string, readonly (readonly [string, string])[]>();
  readonly #failures = new Map<MasterMethod, (...details: readonly unknown[]) => Error | undefined>();

  constructor(information: Partial<ComputerInformation> = {}) {
    this.information = { computerId: 'COMP-0', softwareReleases: [], partitions: [], ...information };
  }

  /** Makes a method fail with what `error` returns for the call's details; `undefined` lets the call pass. */
  failOn(method: MasterMethod, error: (...details: readonly unknown[]) => Error | undefined): void {
    this.#failures.set(method, error);
  }

  /** Lets all methods work again. */
  heal(): void {
    this.#failures.clear();
  }

  #record(method: MasterMethod, ...details: readonly unknown[]): void {
    this.calls.push([method, ...details]);
    const error = this.#failures.get(method)?.(...details);
    if (error !== undefined) throw error;
  }

  async fetchComputerInformation(): Promise<ComputerInformation> {
    this.#record('fetchComputerInformation');
    return this.information;
  }

  async reportSoftwareBuilding(softwareReleaseUrl: string): Promise<void> {
    this.#record('reportSoftwareBuilding', softwareReleaseUrl);
  }

  async reportSoftwareAvailable(softwareReleaseUrl: string): Promise<void> {
    this.#record('reportSoftwareAvailable', softwareReleaseUrl);
  }

  async reportSoftwareDestroyed(softwareReleaseUrl: string): Promise<void> {
    this.#record('reportSoftwareDestroyed', softwareReleaseUrl);
  }

  async reportSoftwareError(softwareReleaseUrl: string, text: string): Promise<void> {
    this.calls.push(['reportSoftwareError', softwareReleaseUrl, text]);
  }

  async reportPartitionStarted(partitionId: string): Promise<void> {
    this.#record('reportPartitionStarted', partitionId);
  }

  async reportPartitionStopped(partitionId: string): Promise<void> {
    this.#record('reportPartitionStopped', partitionId);
  }

  async reportPartitionDestroyed(partitionId: string): Promise<void> {
    this.#record('reportPartitionDestroyed', partitionId);
  }

  async reportUsage(document: string): Promise<void> {
    this.#record('reportUsage', document);
  }

  async reportPartitionError(partitionId: string, text: string): Promise<void> {
    this.calls.push(['reportPartitionError', partitionId, text]);
  }

  async bangPartition(partitionId: string, message: string): Promise<void> {
    this.#record('bangPartition', partitionId, message);
  }

  async bangComputer(message: string): Promise<void> {
    this.#record('bangComputer', message);
  }

  async fetchPartitionCertificate(partitionId: string): Promise<PartitionCertificate> {
    this.#record('fetchPartitionCertificate', partitionId);
    return (
      this.certificates.get(partitionId) ?? {
        certificate: `certificate of ${partitionId}\n`,
        key: `key of ${partitionId}\n`,
      }
    );
  }

  async fetchHostingIpAddresses(partitionId: string): Promise<readonly (readonly [string, string])[]> {
    this.#record('fetchHostingIpAddresses', partitionId);
    return this.hostingIpAddresses.get(partitionId) ?? [];
  }

  async updateRelatedInstances(partitionId: string, partitionReferences: readonly string[]): Promise<boolean> {
    this.#record('updateRelatedInstances', partitionId, [...partitionReferences]);
    return true;
  }
}

/** A partition as the master describes it, with the fields that are given, the others as for a started one. */
export function aPartition(fields: Partial<PartitionInformation> & { partitionId: string }): PartitionInformation {
  return {
    computerId: 'COMP-0',
    requestedState: 'started',
    softwareType: 'default',
    timestamp: '1',
    instanceParameters: {},
    connectionParameters: {},
    ipList: [],
    fullIpList: [],
    filter: {},
    sharedInstances: [],
    ...fields,
  };
}
