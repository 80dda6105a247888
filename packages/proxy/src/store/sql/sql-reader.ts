import type { HostConditions, StoreReader } from '../proxy-store.js';
import type {
  CertificateRecord,
  ComputerRecord,
  EventFilter,
  EventRecord,
  ForwardedRequestRecord,
  NetworkRecord,
  PartitionCount,
  PartitionKey,
  PartitionRecord,
  PartitionWithNetwork,
  ReportRecord,
  ReportSubject,
  SlaveRecord,
  SoftwareRecord,
  UsageRecord,
} from '../records.js';
import * as computers from './computer-queries.js';
import * as events from './event-queries.js';
import * as partitions from './partition-queries.js';
import * as reports from './report-queries.js';
import type { SqlSession } from './sql-session.js';

/** The questions of a store, each one prepared statement. */
export class SqlReader implements StoreReader {
  protected readonly session: SqlSession;

  constructor(session: SqlSession) {
    this.session = session;
  }

  async computer(computerId: string): Promise<ComputerRecord | undefined> {
    return this.session.get(computers.computerById, { computerId });
  }

  async computers(): Promise<ComputerRecord[]> {
    return this.session.all(computers.allComputers, {});
  }

  async partition({ computerId, partitionId }: PartitionKey): Promise<PartitionRecord | undefined> {
    return this.session.get(partitions.partitionByKey, { computerId, partitionId });
  }

  async partitionsOf(computerId: string): Promise<PartitionRecord[]> {
    return this.session.all(partitions.partitionsOfComputer, { computerId });
  }

  async visitPartitions(computerId: string, visit: (partition: PartitionWithNetwork) => void): Promise<void> {
    await this.session.each(partitions.partitionsWithNetwork, { computerId }, ({ network, ...partition }) => {
      const pairs = JSON.parse(network) as [interfaceName: string, address: string][];
      visit({ ...partition, network: pairs.map(([interfaceName, address]) => ({ interfaceName, address })) });
    });
  }

  async partitionCounts(): Promise<PartitionCount[]> {
    return this.session.all(partitions.partitionCounts, {});
  }

  async networkOfPartition({ computerId, partitionId }: PartitionKey): Promise<NetworkRecord[]> {
    return this.session.all(partitions.networkOfPartition, { computerId, partitionId });
  }

  async softwareOf(computerId: string): Promise<SoftwareRecord[]> {
    return this.session.all(computers.softwareOfComputer, { computerId });
  }

  async instance(name: string, rootName: string): Promise<PartitionRecord | undefined> {
    return this.session.get(partitions.instanceByName, { name, rootName });
  }

  async firstInstanceNamed(name: string): Promise<PartitionRecord | undefined> {
    return this.session.get(partitions.firstInstanceByName, { name });
  }

  async rootInstances(): Promise<PartitionRecord[]> {
    return this.session.all(partitions.instancesRequestedBy, { rootName: '' });
  }

  async descendantsOf(rootName: string): Promise<PartitionRecord[]> {
    return rootName === '' ? [] : this.session.all(partitions.instancesRequestedBy, { rootName });
  }

  async findHost(conditions: HostConditions): Promise<PartitionRecord | undefined> {
    const { computerId, softwareReleaseUrl, softwareType = null, partitionId = null } = conditions;
    return this.session.get(partitions.hostOfShared, { computerId, softwareReleaseUrl, softwareType, partitionId });
  }

  async slave(slaveReference: string, computerId?: string): Promise<SlaveRecord | undefined> {
    return this.session.get(computers.slaveByReference, { slaveReference, computerId: computerId ?? null });
  }

  async slavesAskedBy(rootName: string): Promise<SlaveRecord[]> {
    return this.session.all(computers.slavesAskedBy, { rootName });
  }

  async slavesHostedOn(computerId: string): Promise<SlaveRecord[]> {
    return this.session.all(computers.slavesHostedOn, { computerId });
  }

  async ownWish({ computerId, partitionId }: PartitionKey): Promise<string | undefined> {
    return (await this.session.get(reports.ownWish, { computerId, partitionId }))?.requestedState;
  }

  async isForwarded({ name, masterUrl }: ForwardedRequestRecord): Promise<boolean> {
    return (await this.session.get(computers.forwardedRequest, { name, masterUrl })) !== undefined;
  }

  async forwardedRequests(): Promise<ForwardedRequestRecord[]> {
    return this.session.all(computers.allForwarded, {});
  }

  async reports(
    { computerId, partitionId = '', softwareReleaseUrl = '' }: ReportSubject,
    limit: number,
  ): Promise<ReportRecord[]> {
    return this.session.all(reports.reportsOn, { computerId, partitionId, softwareReleaseUrl, limit });
  }

  async latestReports(computerId: string): Promise<ReportRecord[]> {
    return this.session.all(reports.latestReports, { computerId });
  }

  async usageReports(computerId: string, limit: number): Promise<UsageRecord[]> {
    return this.session.all(reports.usageOf, { computerId, limit });
  }

  async relatedInstances({ computerId, partitionId }: PartitionKey): Promise<readonly string[] | undefined> {
    const row = await this.session.get(reports.relatedInstances, { computerId, partitionId });
    return row === undefined ? undefined : (JSON.parse(row.referenceList) as string[]);
  }

  async certificate({ computerId, partitionId }: PartitionKey): Promise<CertificateRecord | undefined> {
    return this.session.get(reports.validCertificate, { computerId, partitionId });
  }

  async eventsAfter(id: number, limit: number, filter: EventFilter = {}): Promise<EventRecord[]> {
    const { computerId = '', tree = '', kind = '' } = filter;
    return this.session.all(events.eventsAfter, { after: id, limit, computerId, tree, kind });
  }

  async eventRange(): Promise<{ readonly oldest: number; readonly newest: number } | undefined> {
    const { oldest, newest } = (await this.session.get(events.eventRange, {})) ?? { oldest: null, newest: null };
    return oldest === null || newest === null ? undefined : { oldest, newest };
  }

  async certificateBySerial(serial: string): Promise<CertificateRecord | undefined> {
    return this.session.get(reports.certificateBySerial, { serial });
  }

  async setting(name: string): Promise<string | undefined> {
    return (await this.session.get(reports.setting, { name }))?.value;
  }
}
