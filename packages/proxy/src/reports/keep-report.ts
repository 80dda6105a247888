import { eventOf } from '../events/event-of.js';
import type { StoreWriter } from '../store/proxy-store.js';
import type { PartitionKey, ReportKind } from '../store/records.js';
import { keptMessage, shortMessage } from './kept-message.js';

/** What a node says, whatever it is about. */
export interface NodeStatement {
  readonly kind: ReportKind;
  /** A log, a reason; `undefined` when the node gave none. */
  readonly message: string | undefined;
  /** Seconds since 1970. */
  readonly reportedAt: number;
}

/** Keeps what a node says about the instance in a partition. Dropped when it is unknown: anybody could fill the disk with such reports. */
export async function reportAboutPartition(
  writer: StoreWriter,
  key: PartitionKey,
  statement: NodeStatement & { readonly slaveReference?: string | undefined },
): Promise<void> {
  const partition = await writer.partition(key);
  if (partition === undefined) return;
  const { kind, message, reportedAt, slaveReference = '' } = statement;
  await writer.addReport({
    computerId: key.computerId,
    partitionId: key.partitionId,
    softwareReleaseUrl: '',
    slaveReference,
    kind,
    message: keptMessage(message),
    reportedAt,
  });
  // That a partition was freed is an event of its own.
  if (kind === 'destroyed') return;
  await writer.addEvent({
    kind: 'instance.reported',
    ...eventOf(partition),
    state: kind,
    message: shortMessage(message),
  });
}

/** Keeps what a node says about a Software Release; dropped when the computer is not supplied with it. */
export async function reportAboutRelease(
  writer: StoreWriter,
  { computerId, softwareReleaseUrl }: { readonly computerId: string; readonly softwareReleaseUrl: string },
  { kind, message, reportedAt }: NodeStatement,
): Promise<void> {
  const supplied = await writer.softwareOf(computerId);
  if (!supplied.some(({ url }) => url === softwareReleaseUrl)) return;
  await writer.addReport({
    computerId,
    partitionId: '',
    softwareReleaseUrl,
    slaveReference: '',
    kind,
    message: keptMessage(message),
    reportedAt,
  });
  const about = { computerId, softwareReleaseUrl, state: kind, message: shortMessage(message) };
  await writer.addEvent({ kind: 'software.reported', ...about });
}

/** Keeps what a node says about itself; dropped when it is unknown. */
export async function reportAboutComputer(
  writer: StoreWriter,
  computerId: string,
  { kind, message, reportedAt }: NodeStatement,
): Promise<void> {
  if ((await writer.computer(computerId)) === undefined) return;
  await writer.addReport({
    computerId,
    partitionId: '',
    softwareReleaseUrl: '',
    slaveReference: '',
    kind,
    message: keptMessage(message),
    reportedAt,
  });
  await writer.addEvent({ kind: 'computer.reported', computerId, state: kind, message: shortMessage(message) });
}

/** Keeps a usage report of a computer as it was sent; dropped when it is unknown. */
export async function keepUsage(
  writer: StoreWriter,
  usage: { readonly computerId: string; readonly document: string; readonly reportedAt: number },
): Promise<void> {
  if ((await writer.computer(usage.computerId)) === undefined) return;
  await writer.addUsage(usage);
}
