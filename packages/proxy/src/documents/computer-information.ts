import { createHash } from 'node:crypto';

import { computerDocument, marshal, softwareReleaseDocument } from '@slapos/slap';

import type { ProxyStore, StoreReader } from '../store/proxy-store.js';
import type { NetworkRecord, PartitionRecord, SoftwareRecord } from '../store/records.js';
import { type Fragment, makeFragment, renderFragment } from './fragment.js';
import { partitionObject } from './partition-object.js';

/** A document ready to be sent. */
export interface ReadyDocument {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Strong validator of the body, with its quotes. */
  readonly etag: string;
}

interface KnownPartition {
  readonly record: PartitionRecord;
  readonly addresses: string;
  readonly fragment: Fragment;
}

interface KnownComputer {
  readonly version: number;
  readonly document: ReadyDocument | undefined;
  readonly partitions: ReadonlyMap<string, KnownPartition>;
}

interface ComputerContent {
  readonly partitions: readonly PartitionRecord[];
  readonly network: readonly NetworkRecord[];
  readonly software: readonly SoftwareRecord[];
}

/** The number of the first id after those of the Computer and its list of partitions. */
const FIRST_ID_IN_PARTITION_LIST = 5;

/**
 * The Computer documents (`getFullComputerInformation`; spec: marshal §5), which a node asks for again and again. A document is made again
 * only after something was committed, and then only the partitions that changed are marshalled: those that are equal, column by
 * column, to what they were give the same text. So it is right whoever changed the database.
 */
export class ComputerInformation {
  readonly #store: ProxyStore;
  readonly #defaultComputerId: string;
  readonly #known = new Map<string, KnownComputer>();

  constructor(store: ProxyStore, defaultComputerId: string) {
    this.#store = store;
    this.#defaultComputerId = defaultComputerId;
  }

  /** The document of a computer; `undefined` when it is unknown. The default computer is known before it is formatted. */
  async document(computerId: string): Promise<ReadyDocument | undefined> {
    // Asked before reading: a change that comes between is seen by the next call.
    const version = this.#store.version();
    const known = this.#known.get(computerId);
    if (known?.version === version) return known.document;
    const content = await this.#store.read((reader) => this.#readContent(reader, computerId));
    if (content === undefined) {
      this.#known.delete(computerId);
      return undefined;
    }
    const partitions = marshalChanged(content, known?.partitions);
    const text = renderDocument(computerId, [...partitions.values()], content.software);
    const body = Buffer.from(text, 'latin1'); // The wire is ASCII only.
    const document = { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
    this.#known.set(computerId, { version, document, partitions });
    return document;
  }

  async #readContent(reader: StoreReader, computerId: string): Promise<ComputerContent | undefined> {
    if (computerId !== this.#defaultComputerId && (await reader.computer(computerId)) === undefined) return undefined;
    return {
      partitions: await reader.partitionsOf(computerId),
      network: await reader.networkOf(computerId),
      software: await reader.softwareOf(computerId),
    };
  }
}

function marshalChanged(
  { partitions, network }: ComputerContent,
  known: ReadonlyMap<string, KnownPartition> | undefined,
): Map<string, KnownPartition> {
  const networkOf = groupByPartition(network);
  const result = new Map<string, KnownPartition>();
  for (const record of partitions) {
    const ownNetwork = networkOf.get(record.partitionId) ?? [];
    const addresses = ownNetwork.map(({ interfaceName, address }) => `${interfaceName}\n${address}`).join('\n');
    const before = known?.get(record.partitionId);
    result.set(
      record.partitionId,
      before?.addresses === addresses && isEqual(before.record, record)
        ? before
        : { record, addresses, fragment: makeFragment(partitionObject(record, ownNetwork)) },
    );
  }
  return result;
}

function groupByPartition(network: readonly NetworkRecord[]): Map<string, NetworkRecord[]> {
  const groups = new Map<string, NetworkRecord[]>();
  for (const address of network) {
    const group = groups.get(address.partitionId);
    if (group === undefined) groups.set(address.partitionId, [address]);
    else group.push(address);
  }
  return groups;
}

function isEqual(a: PartitionRecord, b: PartitionRecord): boolean {
  return (Object.keys(b) as (keyof PartitionRecord)[]).every((column) => a[column] === b[column]);
}

function renderDocument(
  computerId: string,
  partitions: readonly KnownPartition[],
  software: readonly SoftwareRecord[],
): string {
  const { start, between, end } = computerFrame(computerId);
  let nextId = FIRST_ID_IN_PARTITION_LIST;
  const list = (fragments: readonly Fragment[], id: number): string => {
    if (fragments.length === 0) return `<list id="i${id}"/>`;
    let text = `<list id="i${id}">`;
    for (const fragment of fragments) {
      text += renderFragment(fragment, nextId);
      nextId += fragment.idCount;
    }
    return `${text}</list>`;
  };
  const partitionList = list(
    partitions.map(({ fragment }) => fragment),
    FIRST_ID_IN_PARTITION_LIST - 1,
  );
  const softwareListId = nextId;
  nextId += 1;
  const softwareList = list(
    software.map((release) => makeFragment(softwareReleaseDocument({ ...release, softwareReleaseUrl: release.url }))),
    softwareListId,
  );
  return start + partitionList + between + softwareList + end;
}

/** What stands around the two lists. */
function computerFrame(computerId: string): { start: string; between: string; end: string } {
  const empty = marshal(computerDocument({ computerId, partitions: [], softwareReleases: [] }));
  const [partitionList, softwareList] = ['<list id="i4"/>', '<list id="i5"/>'];
  const first = empty.lastIndexOf(partitionList);
  const second = empty.lastIndexOf(softwareList);
  return {
    start: empty.slice(0, first),
    between: empty.slice(first + partitionList.length, second),
    end: empty.slice(second + softwareList.length),
  };
}
