import { ProxyError } from '../../errors.js';
import type { StoreWriter } from '../proxy-store.js';
import type {
  CertificateRecord,
  ComputerRecord,
  ForwardedRequestRecord,
  InstanceValues,
  NetworkRecord,
  NewEvent,
  PartitionKey,
  PartitionRecord,
  ReportRecord,
  SlaveRecord,
  SoftwareRecord,
  UsageRecord,
} from '../records.js';
import * as computers from './computer-queries.js';
import * as events from './event-queries.js';
import * as partitions from './partition-queries.js';
import * as reports from './report-queries.js';
import { SqlReader } from './sql-reader.js';
import type { Eventually, SqlSession } from './sql-session.js';

/** How many reports about one computer, release or partition are kept. */
const REPORTS_KEPT_PER_SUBJECT = 50;
/** A node sends one a day. */
const USAGE_REPORTS_KEPT = 400;

/** What followers of the log may have missed at most: a few days of a busy laboratory, some 20 MB. */
const EVENTS_KEPT = 100_000;
const EVENTS_BETWEEN_CLEANINGS = 1_000;
const NO_DETAILS = {
  computerId: '',
  partitionId: '',
  instance: '',
  root: '',
  softwareReleaseUrl: '',
  state: '',
  message: '',
};

/** The changes of a store, as prepared statements of the open transaction. */
export class SqlWriter extends SqlReader implements StoreWriter {
  readonly #now: () => number;
  #eventsAdded = 0;

  /** @param now seconds since 1970 */
  constructor(session: SqlSession, now: () => number) {
    super(session);
    this.#now = now;
  }

  async saveComputer(computer: ComputerRecord): Promise<void> {
    await this.session.run(computers.saveComputer, computer);
  }

  async addPartition(key: PartitionKey): Promise<void> {
    await this.session.run(partitions.addPartition, key);
  }

  async removePartition(key: PartitionKey): Promise<void> {
    await this.session.run(partitions.removePartition, key);
    await this.#forgetInstance(key);
  }

  async replaceNetwork(computerId: string, addresses: readonly NetworkRecord[]): Promise<void> {
    await this.session.run(partitions.removeNetwork, { computerId });
    for (const address of addresses) await this.session.run(partitions.addAddress, { ...address, computerId });
  }

  async takeFreePartition(
    computerId: string,
    instance: InstanceValues & { readonly instanceName: string; readonly rootName: string },
  ): Promise<PartitionRecord | undefined> {
    return this.#withUniqueName(instance.instanceName, instance.rootName, () =>
      this.session.get(partitions.takeFirstFree, { ...instance, computerId }),
    );
  }

  async updateInstance(key: PartitionKey, values: InstanceValues): Promise<void> {
    await this.session.run(partitions.updateInstance, { ...key, ...values });
  }

  async freePartition(key: PartitionKey): Promise<void> {
    await this.session.run(partitions.freePartition, key);
    await this.#forgetInstance(key);
  }

  async setOwnWish(key: PartitionKey, requestedState: string): Promise<void> {
    await this.session.run(reports.setOwnWish, { ...key, requestedState });
  }

  async forgetOwnWish({ computerId, partitionId }: PartitionKey): Promise<void> {
    await this.session.run(reports.removeOwnWish, { computerId, partitionId });
  }

  async renameInstance(key: PartitionKey, name: string): Promise<void> {
    await this.#withUniqueName(name, undefined, () => this.session.run(partitions.renameInstance, { ...key, name }));
  }

  async renameRoot(from: string, to: string): Promise<void> {
    await this.session.run(partitions.renameRoot, { from, to });
  }

  async requestStateOfDescendants(rootName: string, requestedState: string): Promise<void> {
    await this.session.run(partitions.setStateOfDescendants, { rootName, requestedState });
  }

  async touchTree(rootName: string, changedAt: number): Promise<void> {
    await this.session.run(partitions.touchRoot, { rootName, changedAt });
    await this.session.run(partitions.touchDescendants, { rootName, changedAt });
  }

  async setConnection(key: PartitionKey, connectionXml: string): Promise<boolean> {
    return (await this.session.run(partitions.setConnection, { ...key, connectionXml })) > 0;
  }

  async setSharedInstances(key: PartitionKey, sharedInstanceList: string, changedAt: number): Promise<void> {
    await this.session.run(partitions.setSharedInstances, { ...key, sharedInstanceList, changedAt });
  }

  async addSlave(slave: SlaveRecord): Promise<void> {
    await this.session.run(computers.addSlave, slave);
  }

  async setSlaveConnection(key: PartitionKey, slaveReference: string, connectionXml: string): Promise<boolean> {
    return (await this.session.run(computers.setSlaveConnection, { ...key, slaveReference, connectionXml })) > 0;
  }

  async removeSlave(slaveReference: string, computerId: string): Promise<void> {
    await this.session.run(computers.removeSlave, { slaveReference, computerId });
  }

  async supply(software: SoftwareRecord): Promise<void> {
    // A place at the end is wanted also for one that is there already.
    await this.removeSoftware(software.url, software.computerId);
    await this.session.run(computers.addSoftware, software);
  }

  async removeSoftware(url: string, computerId: string): Promise<void> {
    await this.session.run(computers.removeSoftware, { url, computerId });
  }

  async addForwarded(request: ForwardedRequestRecord): Promise<void> {
    await this.session.run(computers.addForwarded, request);
  }

  async removeForwarded(request: ForwardedRequestRecord): Promise<void> {
    await this.session.run(computers.removeForwarded, request);
  }

  async addReport(report: ReportRecord): Promise<void> {
    await this.session.run(reports.addReport, report);
    await this.session.run(reports.forgetOldReports, { ...report, keep: REPORTS_KEPT_PER_SUBJECT });
  }

  async addUsage(usage: UsageRecord): Promise<void> {
    await this.session.run(reports.addUsage, usage);
    await this.session.run(reports.forgetOldUsage, { computerId: usage.computerId, keep: USAGE_REPORTS_KEPT });
  }

  async addEvent(event: NewEvent): Promise<void> {
    await this.session.run(events.addEvent, { ...NO_DETAILS, ...event, happenedAt: this.#now() });
    this.#eventsAdded += 1;
    if (this.#eventsAdded % EVENTS_BETWEEN_CLEANINGS === 0)
      await this.session.run(events.forgetOldEvents, { keep: EVENTS_KEPT });
  }

  async setRelatedInstances(key: PartitionKey, references: readonly string[]): Promise<void> {
    await this.session.run(reports.setRelatedInstances, { ...key, referenceList: JSON.stringify(references) });
  }

  async addCertificate(certificate: CertificateRecord): Promise<void> {
    await this.session.run(reports.addCertificate, certificate);
  }

  async revokeCertificate(serial: string, revokedAt: number): Promise<void> {
    await this.session.run(reports.revokeCertificate, { serial, revokedAt });
  }

  async setSetting(name: string, value: string): Promise<void> {
    await this.session.run(reports.setSetting, { name, value });
  }

  /** What we keep about an instance beside its row; the next one in the partition must not inherit it. */
  async #forgetInstance(key: PartitionKey): Promise<void> {
    await this.session.run(reports.removeOwnWish, key);
    await this.session.run(reports.removeRelatedInstances, key);
    await this.session.run(reports.revokeCertificatesOf, { ...key, revokedAt: this.#now() });
  }

  async #withUniqueName<T>(name: string, rootName: string | undefined, change: () => Eventually<T>): Promise<T> {
    try {
      return await change();
    } catch (error) {
      if (!this.session.isDuplicate(error)) throw error;
      const tree = rootName === undefined || rootName === '' ? '' : ` in the tree of ${JSON.stringify(rootName)}`;
      throw new ProxyError('PROXY_CONFLICT', `There is already an instance named ${JSON.stringify(name)}${tree}`, {
        cause: error,
        hint: 'Choose another name, or destroy the other instance first.',
      });
    }
  }
}
