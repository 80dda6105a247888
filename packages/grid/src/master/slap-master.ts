import type { ComputerInformation, MasterRequestListener, SlapClient } from '@slapos/slap';

import { isNotFoundAtMaster } from './failures.js';
import type { Master, MasterCallOptions, PartitionCertificate } from './master.js';

/** The master that a pass talks to, through the SLAP client. `computerId` is the computer that the passes are for. (spec: grid 16) */
export function createSlapMaster(client: SlapClient, computerId: string): Master {
  return new SlapMaster(client, computerId);
}

class SlapMaster implements Master {
  readonly #client: SlapClient;
  readonly #computerId: string;

  constructor(client: SlapClient, computerId: string) {
    this.#client = client;
    this.#computerId = computerId;
  }

  onRequest(listener: MasterRequestListener): () => void {
    return this.#client.onRequest(listener);
  }

  fetchComputerInformation(options: MasterCallOptions = {}): Promise<ComputerInformation> {
    return this.#computer().fetchInformation(options);
  }

  async reportSoftwareBuilding(softwareReleaseUrl: string, options: MasterCallOptions = {}): Promise<void> {
    try {
      await this.#release(softwareReleaseUrl).building(options);
    } catch (error) {
      // A master that does not know the release can still want it built. (spec: grid 5.1)
      if (!isNotFoundAtMaster(error)) throw error;
    }
  }

  async reportSoftwareAvailable(softwareReleaseUrl: string, options: MasterCallOptions = {}): Promise<void> {
    await this.#release(softwareReleaseUrl).available(options);
  }

  async reportSoftwareDestroyed(softwareReleaseUrl: string, options: MasterCallOptions = {}): Promise<void> {
    await this.#release(softwareReleaseUrl).destroyed(options);
  }

  async reportSoftwareError(softwareReleaseUrl: string, text: string): Promise<void> {
    await this.#release(softwareReleaseUrl).error(text);
  }

  async reportPartitionStarted(partitionId: string, options: MasterCallOptions = {}): Promise<void> {
    await this.#partition(partitionId).started(options);
  }

  async reportPartitionStopped(partitionId: string, options: MasterCallOptions = {}): Promise<void> {
    await this.#partition(partitionId).stopped(options);
  }

  async reportPartitionDestroyed(partitionId: string, options: MasterCallOptions = {}): Promise<void> {
    await this.#partition(partitionId).destroyed(options);
  }

  async reportUsage(document: string, options: MasterCallOptions = {}): Promise<void> {
    await this.#computer().reportUsage(document, options);
  }

  async reportPartitionError(partitionId: string, text: string): Promise<void> {
    await this.#partition(partitionId).error(text);
  }

  async bangPartition(partitionId: string, message: string, options: MasterCallOptions = {}): Promise<void> {
    await this.#partition(partitionId).bang(message, options);
  }

  async bangComputer(message: string, options: MasterCallOptions = {}): Promise<void> {
    await this.#computer().bang(message, options);
  }

  async fetchPartitionCertificate(partitionId: string, options: MasterCallOptions = {}): Promise<PartitionCertificate> {
    const { certificate, key } = await this.#partition(partitionId).getCertificate(options);
    return { certificate, key };
  }

  fetchHostingIpAddresses(
    partitionId: string,
    options: MasterCallOptions = {},
  ): Promise<readonly (readonly [string, string])[]> {
    return this.#partition(partitionId).getFullHostingIpAddressList(options);
  }

  async updateRelatedInstances(
    partitionId: string,
    partitionReferences: readonly string[],
    options: MasterCallOptions = {},
  ): Promise<boolean> {
    try {
      await this.#partition(partitionId).setComputerPartitionRelatedInstanceList([...partitionReferences], options);
      return true;
    } catch (error) {
      if (isNotFoundAtMaster(error)) return false;
      throw error;
    }
  }

  #computer(): ReturnType<SlapClient['registerComputer']> {
    return this.#client.registerComputer(this.#computerId);
  }

  #release(softwareReleaseUrl: string): ReturnType<SlapClient['registerSoftwareRelease']> {
    return this.#client.registerSoftwareRelease(softwareReleaseUrl, this.#computerId);
  }

  #partition(partitionId: string): ReturnType<SlapClient['registerComputerPartition']> {
    return this.#client.registerComputerPartition(this.#computerId, partitionId);
  }
}
