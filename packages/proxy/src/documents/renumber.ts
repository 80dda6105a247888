/** Matches the number of an id inside a tag; text content never holds a raw `<`, so it cannot match there. */
const ID_IN_TAG = /(<(?:list|dictionary|set|object|reference) id="i)(\d+)"/g;
const DOCUMENT_START = '<marshal>';
const DOCUMENT_END = '</marshal>';
/** The number that a document of its own begins with. */
export const FIRST_ID = 2;

/** The value of a document, without what makes it a document. */
export function contentOf(document: string): string {
  return document.slice(DOCUMENT_START.length, -DOCUMENT_END.length);
}

/** Marshalled text that has its place in a larger document. */
export interface Renumbered {
  readonly text: string;
  /** The number of the first id after it. */
  readonly nextId: number;
}

/**
 * Moves the ids of marshalled text: they are numbered through a whole document, so the same value has other numbers at another place.
 * @param from number of its first id
 * @param to number that this becomes
 */
export function renumber(text: string, from: number, to: number): Renumbered {
  let nextId = to;
  const moved = text.replace(ID_IN_TAG, (_tag, start: string, digits: string) => {
    const id = Number(digits) - from + to;
    if (id >= nextId) nextId = id + 1;
    return `${start}${id}"`;
  });
  return { text: moved, nextId };
}
