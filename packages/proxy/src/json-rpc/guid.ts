import type { StoreReader } from '../store/proxy-store.js';
import type { PartitionRecord, SlaveRecord } from '../store/records.js';

const SEPARATOR = '___';
const IS_NUMBER = /^\d+$/;

/** An instance or a shared instance, as `instance_guid` names it: its name, and that of its root (`''` for a root or the user's). */
export interface InstanceName {
  readonly name: string;
  readonly rootName: string;
}

/** A guid that was read. Names may hold the separator, so there can be several ways to split one: the likeliest comes first. */
export interface ParsedGuid {
  readonly isShared: boolean;
  readonly candidates: readonly InstanceName[];
}

/** The guid of an instance of the JSON-RPC API: `NAME___ROOT___0`, for shared ones `…___1` (spec: proxy §8). */
export function rpcGuidOf({ name, rootName }: InstanceName, isShared: boolean): string {
  return [name, rootName, isShared ? '1' : '0'].join(SEPARATOR);
}

/** Reads a guid; `undefined` when it is none. */
export function parseRpcGuid(guid: string): ParsedGuid | undefined {
  const end = guid.lastIndexOf(SEPARATOR);
  const kind = guid.slice(end + SEPARATOR.length);
  if (end === -1 || !IS_NUMBER.test(kind)) return undefined;
  const names = guid.slice(0, end);
  const candidates: InstanceName[] = [];
  for (let at = names.lastIndexOf(SEPARATOR); at !== -1; at = at === 0 ? -1 : names.lastIndexOf(SEPARATOR, at - 1)) {
    candidates.push({ name: names.slice(0, at), rootName: names.slice(at + SEPARATOR.length) });
  }
  return candidates.length === 0 ? undefined : { isShared: Number(kind) !== 0, candidates };
}

/** The instance that a guid names. */
export async function findInstance(reader: StoreReader, guid: ParsedGuid): Promise<PartitionRecord | undefined> {
  for (const { name, rootName } of guid.candidates) {
    const partition = await reader.instance(name, rootName);
    if (partition !== undefined) return partition;
  }
  return undefined;
}

/** The shared instance that a guid names, destroyed or not. */
export async function findShared(
  reader: StoreReader,
  guid: ParsedGuid,
): Promise<{ readonly slave: SlaveRecord; readonly name: InstanceName } | undefined> {
  for (const name of guid.candidates) {
    const slave = await reader.slave(`${name.rootName}_${name.name}`);
    if (slave !== undefined && (slave.askedBy ?? '') === name.rootName) return { slave, name };
  }
  return undefined;
}
