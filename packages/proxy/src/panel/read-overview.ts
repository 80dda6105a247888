import type { Principal } from '../access/principal.js';
import { rootNameOfInstance } from '../allocation/request-instance.js';
import { readSharedInstances, referenceOf } from '../allocation/shared-instance-list.js';
import { rpcGuidOf } from '../json-rpc/guid.js';
import { nameOf, typeOf } from '../json-rpc/instance-object.js';
import { shortMessage } from '../reports/kept-message.js';
import type { StoreReader } from '../store/proxy-store.js';
import type { PartitionKey, PartitionRecord, ReportRecord, SlaveRecord } from '../store/records.js';
import type { PanelComputer, PanelInstance, PanelOverview, PanelReport, PanelViewer } from './panel-documents.js';

const MILLISECONDS_PER_SECOND = 1_000;
const MAX_REPORTS = 50;
/** A shared instance has no state of its own. */
const SHARED_STATE = 'started';

/** Reads what a caller may see: a user everything, a computer itself and what it holds, an instance its tree. */
export async function readOverview(reader: StoreReader, principal: Principal): Promise<PanelOverview> {
  const viewer = await viewerOf(reader, principal);
  const lastEventId = (await reader.eventRange())?.newest ?? 0;
  const computers: PanelComputer[] = [];
  const instances: PanelInstance[] = [];
  for (const { computerId } of await reader.computers()) {
    if (viewer.role === 'computer' && viewer.computerId !== computerId) continue;
    const partitions = await reader.partitionsOf(computerId);
    const latest = await reader.latestReports(computerId);
    if (viewer.role !== 'partition') computers.push(await computerOf(reader, computerId, partitions, latest));
    const found = await instancesOf(reader, computerId, partitions, latest);
    instances.push(...(viewer.role === 'partition' ? found.filter(({ tree }) => tree === viewer.tree) : found));
  }
  return { viewer, lastEventId, computers, instances };
}

/** What a node said about a partition, the newest first; what it said about an instance that was there before is left out. */
export async function readReports(reader: StoreReader, key: PartitionKey): Promise<PanelReport[]> {
  const reports = await reader.reports({ computerId: key.computerId, partitionId: key.partitionId }, MAX_REPORTS);
  const end = reports.findIndex(({ kind }) => kind === 'destroyed');
  return reports
    .slice(0, end === -1 ? undefined : end)
    .filter(({ slaveReference }) => slaveReference === '')
    .map((report) => ({ ...panelReport(report), message: report.message }));
}

async function viewerOf(reader: StoreReader, principal: Principal): Promise<PanelViewer> {
  switch (principal.role) {
    case 'user':
      return principal;
    case 'computer':
      return { role: 'computer', computerId: principal.computerId };
    case 'partition': {
      const own = await reader.partition(principal);
      return { role: 'partition', tree: own?.slapState === 'busy' ? rootNameOfInstance(own) : '' };
    }
    case 'nobody':
      throw new Error('The overview is not for everybody.');
  }
}

async function computerOf(
  reader: StoreReader,
  computerId: string,
  partitions: readonly PartitionRecord[],
  latest: readonly ReportRecord[],
): Promise<PanelComputer> {
  const ofReleases = new Map(
    latest.filter(({ partitionId }) => partitionId === '').map((report) => [report.softwareReleaseUrl, report]),
  );
  const busy = partitions.filter(({ slapState }) => slapState === 'busy').length;
  const software = await reader.softwareOf(computerId);
  return {
    computerId,
    partitions: { busy, free: partitions.length - busy },
    software: software.map(({ url, requestedState }) => ({ url, requestedState, ...reportOf(ofReleases.get(url)) })),
    ...reportOf(ofReleases.get('')),
  };
}

async function instancesOf(
  reader: StoreReader,
  computerId: string,
  partitions: readonly PartitionRecord[],
  latest: readonly ReportRecord[],
): Promise<PanelInstance[]> {
  const reportOfPartition = new Map(latest.map((report) => [report.partitionId, report]));
  const slaves = new Map<string, SlaveRecord>();
  for (const slave of await reader.slavesHostedOn(computerId)) slaves.set(slave.slaveReference, slave);
  const instances: PanelInstance[] = [];
  for (const partition of partitions) {
    if (partition.slapState !== 'busy') continue;
    const { partitionId } = partition;
    let report = reportOfPartition.get(partitionId);
    // The newest one is about a shared instance, and says nothing about its host.
    if (report !== undefined && report.slaveReference !== '')
      report = (await reader.reports({ computerId, partitionId }, MAX_REPORTS)).find(
        ({ slaveReference }) => slaveReference === '',
      );
    const name = nameOf(partition);
    instances.push({
      guid: rpcGuidOf(name, false),
      title: name.name,
      tree: rootNameOfInstance(partition),
      isRoot: name.rootName === '',
      isShared: false,
      computerId,
      partitionId,
      softwareReleaseUrl: partition.softwareReleaseUrl ?? '',
      softwareType: partition.softwareType ?? '',
      requestedState: partition.requestedState,
      // That of an instance that was here before.
      ...(report?.kind === 'destroyed' ? {} : reportOf(report)),
    });
    if (slaves.size > 0) instances.push(...sharedOn(partition, slaves));
  }
  return instances;
}

/** The list of the host says which there are: the row of one that was destroyed is kept. */
function sharedOn(host: PartitionRecord, slaves: ReadonlyMap<string, SlaveRecord>): PanelInstance[] {
  return readSharedInstances(host.sharedInstanceList).flatMap((entry) => {
    const slave = slaves.get(referenceOf(entry) ?? '');
    if (slave === undefined) return [];
    const { slaveReference, askedBy } = slave;
    const rootName = askedBy ?? '';
    const name = slaveReference.slice(rootName.length + 1);
    return [
      {
        guid: rpcGuidOf({ name, rootName }, true),
        title: name,
        tree: rootName === '' ? name : rootName,
        isRoot: rootName === '',
        isShared: true,
        computerId: host.computerId,
        partitionId: host.partitionId,
        softwareReleaseUrl: host.softwareReleaseUrl ?? '',
        softwareType: typeOf(entry, host),
        requestedState: SHARED_STATE,
      },
    ];
  });
}

function reportOf(report: ReportRecord | undefined): { report?: PanelReport } {
  return report === undefined ? {} : { report: panelReport(report) };
}

function panelReport({ kind, message, reportedAt }: ReportRecord): PanelReport {
  return { kind, message: shortMessage(message), time: new Date(reportedAt * MILLISECONDS_PER_SECOND).toISOString() };
}
