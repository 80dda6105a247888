import type { ComputerPartition, MarshalInput, PartitionInformation, SlapClient } from '@slapos/slap';
import { StandaloneError } from '../errors.js';

/**
 * A computer that a test plays: it says to the master what a node would say, without building or running anything. Instances are named by
 * their title, or by the id of their partition.
 */
export class PlayedNode {
  readonly computerId: string;
  readonly #client: SlapClient;

  /** @internal Made by an embedded proxy. */
  constructor(client: SlapClient, computerId: string) {
    this.#client = client;
    this.computerId = computerId;
  }

  /** What the master asks of it now. */
  async instances(): Promise<PartitionInformation[]> {
    const { partitions } = await this.#client.registerComputer(this.computerId).fetchInformation();
    return partitions.filter(({ softwareReleaseUrl }) => softwareReleaseUrl !== undefined);
  }

  /** Says that a release is being built, and then that it is there. */
  async softwareReady(softwareReleaseUrl: string): Promise<void> {
    const release = this.#client.registerSoftwareRelease(softwareReleaseUrl, this.computerId);
    await release.building();
    await release.available();
  }

  /** Says that a release cannot be built. */
  async softwareFailed(softwareReleaseUrl: string, message: string): Promise<void> {
    await this.#client.registerSoftwareRelease(softwareReleaseUrl, this.computerId).error(message);
  }

  /** Says that a release is removed. */
  async softwareRemoved(softwareReleaseUrl: string): Promise<void> {
    await this.#client.registerSoftwareRelease(softwareReleaseUrl, this.computerId).destroyed();
  }

  /** Publishes connection parameters of an instance, or of a shared one on it. */
  async publish(
    instance: string,
    parameters: Readonly<Record<string, MarshalInput>>,
    sharedReference?: string,
  ): Promise<void> {
    await (await this.#find(instance)).setConnectionDict(parameters, sharedReference);
  }

  /** Says that an instance runs and its promises pass. */
  async started(instance: string): Promise<void> {
    await (await this.#find(instance)).started();
  }

  /** Says that an instance is stopped. */
  async stopped(instance: string): Promise<void> {
    await (await this.#find(instance)).stopped();
  }

  /** Says that an instance is removed: its partition becomes free. */
  async destroyed(instance: string): Promise<void> {
    await (await this.#find(instance)).destroyed();
  }

  /** Says that an instance, or one of its promises, fails. */
  async error(instance: string, message: string): Promise<void> {
    await (await this.#find(instance)).error(message);
  }

  /** Asks for a new pass over the instance's tree. */
  async bang(instance: string, message: string): Promise<void> {
    await (await this.#find(instance)).bang(message);
  }

  async #find(name: string): Promise<ComputerPartition> {
    const instances = await this.instances();
    const found = instances.find(({ instanceTitle, partitionId }) => instanceTitle === name || partitionId === name);
    if (found !== undefined) return this.#client.registerComputerPartition(this.computerId, found.partitionId);
    const known = instances.map(({ instanceTitle, partitionId }) => instanceTitle ?? partitionId).join(', ');
    throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `Nobody has requested ${JSON.stringify(name)}`, {
      hint: `Requested from ${this.computerId}: ${known || 'nothing'}.`,
    });
  }
}
