import { DEFAULT_MARSHAL_LIMITS, marshal, type MarshalValue, unmarshal } from '@slapos/slap';

/** A host may have thousands of shared instances, and we wrote the list ourselves. */
const OWN_LIMITS = { ...DEFAULT_MARSHAL_LIMITS, maxElements: 20_000_000, maxLength: 512 * 1024 * 1024 };

/** What a host reads about one of its shared instances; keys as on the wire. */
export type SharedInstanceEntry = Map<MarshalValue, MarshalValue>;

/** Reads the column of a host (spec: marshal §5). Entries that are no dictionaries are dropped. */
export function readSharedInstances(column: string | null): SharedInstanceEntry[] {
  if (column === null || column === '') return [];
  const list = unmarshal(column, { limits: OWN_LIMITS });
  return Array.isArray(list) ? list.filter((entry): entry is SharedInstanceEntry => entry instanceof Map) : [];
}

/** The text of the column. */
export function writeSharedInstances(entries: readonly SharedInstanceEntry[]): string {
  return marshal([...entries]);
}

export function referenceOf(entry: SharedInstanceEntry): string | undefined {
  const reference = entry.get('slave_reference');
  return typeof reference === 'string' ? reference : undefined;
}
