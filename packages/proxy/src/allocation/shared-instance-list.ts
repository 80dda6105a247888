import { marshal, type MarshalValue, unmarshal } from '@slapos/slap';

/** What a host reads about one of its shared instances; keys as on the wire. */
export type SharedInstanceEntry = Map<MarshalValue, MarshalValue>;

/** Reads the column of a host (spec: marshal §5). Entries that are no dictionaries are dropped. */
export function readSharedInstances(column: string | null): SharedInstanceEntry[] {
  if (column === null || column === '') return [];
  const list = unmarshal(column);
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
