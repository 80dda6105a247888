import { hash } from 'node:crypto';

import { computerDocument, marshal, softwareReleaseDocument } from '@slapos/slap';

import type { ProxyStore, StoreReader, StoreVersion } from '../store/proxy-store.js';
import type { PartitionWithNetwork, SoftwareRecord } from '../store/records.js';
import { partitionObject } from './partition-object.js';
import { PackedText } from './packed-text.js';
import { contentOf, FIRST_ID, renumber } from './renumber.js';

/** A document ready to be sent. */
export interface ReadyDocument {
  readonly chunks: readonly PackedText[];
  readonly byteLength: number;
  /** Strong validator, without quotes; valid as long as this process runs. */
  readonly etag: string;
}

/** Some partitions, one after the other, as they stand in the document. */
interface PartitionChunk {
  /** Of everything in the database that the text is made of. */
  readonly digest: string;
  readonly text: PackedText;
  readonly firstId: number;
  readonly nextId: number;
}

interface KnownComputer {
  readonly version: StoreVersion;
  readonly document: ReadyDocument;
  readonly chunks: readonly PartitionChunk[];
  readonly software: string;
}

/** The number of the first id after those of the Computer and its list of partitions. */
const FIRST_ID_IN_PARTITION_LIST = 5;
/** What changes together: larger chunks make more to marshal again, smaller ones more to look after. */
const PARTITIONS_PER_CHUNK = 64;

/**
 * The Computer documents (`getFullComputerInformation`; spec: marshal §5), which a node asks for again and again. A document is looked
 * at again only after something was committed, and then only those chunks of partitions are marshalled that are made of something else than
 * before. So it is right whoever changed the database.
 */
export class ComputerInformation {
  readonly #store: ProxyStore;
  readonly #defaultComputerId: string;
  readonly #etagPrefix: string;
  readonly #known = new Map<string, KnownComputer>();
  #documentsMade = 0;

  /** @param runId makes the validators of this process differ from those of others */
  constructor(store: ProxyStore, defaultComputerId: string, runId: string) {
    this.#store = store;
    this.#defaultComputerId = defaultComputerId;
    this.#etagPrefix = runId;
  }

  /** The document of a computer; `undefined` when it is unknown. The default computer is known before it is formatted. */
  async document(computerId: string): Promise<ReadyDocument | undefined> {
    // Asked before reading: a change that comes between is seen by the next call.
    const version = await this.#store.version();
    const known = this.#known.get(computerId);
    if (known?.version === version) return known.document;
    const read = await this.#store.read((reader) => this.#read(reader, computerId, known?.chunks ?? []));
    if (read === undefined) {
      this.#known.delete(computerId);
      return undefined;
    }
    const { chunks, software } = read;
    const isSame =
      known?.software === software &&
      known.chunks.length === chunks.length &&
      chunks.every((chunk, index) => chunk === known.chunks[index]);
    const document = isSame ? known.document : this.#makeDocument(computerId, chunks, software);
    this.#known.set(computerId, { version, document, chunks, software });
    return document;
  }

  async #read(
    reader: StoreReader,
    computerId: string,
    known: readonly PartitionChunk[],
  ): Promise<{ chunks: PartitionChunk[]; software: string } | undefined> {
    if (computerId !== this.#defaultComputerId && (await reader.computer(computerId)) === undefined) return undefined;
    const chunks: PartitionChunk[] = [];
    const finish = (partitions: readonly PartitionWithNetwork[]) => {
      chunks.push(makeChunk(partitions, chunks.at(-1)?.nextId ?? FIRST_ID_IN_PARTITION_LIST, known[chunks.length]));
    };
    let current: PartitionWithNetwork[] = [];
    await reader.visitPartitions(computerId, (partition) => {
      current.push(partition);
      if (current.length < PARTITIONS_PER_CHUNK) return;
      finish(current);
      current = [];
    });
    if (current.length > 0) finish(current);
    return { chunks, software: (await reader.softwareOf(computerId)).map(softwareText).join('') };
  }

  #makeDocument(computerId: string, chunks: readonly PartitionChunk[], software: string): ReadyDocument {
    const { start, between, end } = computerFrame(computerId);
    const softwareListId = chunks.at(-1)?.nextId ?? FIRST_ID_IN_PARTITION_LIST;
    const [openPartitions, closePartitions] = listTags(FIRST_ID_IN_PARTITION_LIST - 1, chunks.length === 0);
    const [openSoftware, closeSoftware] = listTags(softwareListId, software === '');
    const movedSoftware = renumber(software, FIRST_ID, softwareListId + 1).text;
    const parts = [
      new PackedText(start + openPartitions),
      ...chunks.map(({ text }) => text),
      new PackedText(closePartitions + between + openSoftware + movedSoftware + closeSoftware + end),
    ];
    this.#documentsMade += 1;
    return {
      chunks: parts,
      byteLength: parts.reduce((sum, { byteLength }) => sum + byteLength, 0),
      etag: `${this.#etagPrefix}-${this.#documentsMade}`,
    };
  }
}

function makeChunk(
  partitions: readonly PartitionWithNetwork[],
  firstId: number,
  known: PartitionChunk | undefined,
): PartitionChunk {
  // JSON tells texts from numbers and null, and one column from the next.
  const digest = hash('sha1', JSON.stringify(partitions), 'base64');
  if (known?.digest === digest) return known.firstId === firstId ? known : movedChunk(known, firstId);
  let text = '';
  let nextId = firstId;
  for (const partition of partitions) {
    const moved = renumber(contentOf(marshal(partitionObject(partition, partition.network))), FIRST_ID, nextId);
    text += moved.text;
    nextId = moved.nextId;
  }
  return { digest, text: new PackedText(text), firstId, nextId };
}

function movedChunk(chunk: PartitionChunk, firstId: number): PartitionChunk {
  const { text, nextId } = renumber(chunk.text.toString(), chunk.firstId, firstId);
  return { digest: chunk.digest, text: new PackedText(text), firstId, nextId };
}

/** The text of a release as if it stood after others, of which each takes three ids: an object, its state, and an empty list. */
function softwareText({ url, computerId, requestedState }: SoftwareRecord, index: number): string {
  const document = marshal(softwareReleaseDocument({ softwareReleaseUrl: url, computerId, requestedState }));
  const idsOfOne = 3;
  return renumber(contentOf(document), FIRST_ID, FIRST_ID + index * idsOfOne).text;
}

function listTags(id: number, isEmpty: boolean): [open: string, close: string] {
  return isEmpty ? [`<list id="i${id}"/>`, ''] : [`<list id="i${id}">`, '</list>'];
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
