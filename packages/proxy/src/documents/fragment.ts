import { marshal, type MarshalInput } from '@slapos/slap';

/** Matches the number of an id inside a tag; text content never holds a raw `<`, so it cannot match there. */
const ID_IN_TAG = /<(?:list|dictionary|set|object|reference) id="i(\d+)"/g;
const DOCUMENT_START = '<marshal>';
const DOCUMENT_END = '</marshal>';
/** The number that a document of its own begins with. */
const FIRST_ID = 2;

/**
 * A marshalled value that can stand anywhere in a document. Ids are numbered through a whole document, so the text is kept in pieces between
 * them, and each id as its distance from the first.
 */
export interface Fragment {
  readonly pieces: readonly string[];
  readonly idOffsets: readonly number[];
  /** How many numbers it takes. */
  readonly idCount: number;
}

/** Marshals a value to be put into several documents, or at several places. */
export function makeFragment(value: MarshalInput): Fragment {
  const text = marshal(value).slice(DOCUMENT_START.length, -DOCUMENT_END.length);
  const pieces: string[] = [];
  const idOffsets: number[] = [];
  let start = 0;
  for (const match of text.matchAll(ID_IN_TAG)) {
    const digits = match[1] ?? '';
    const end = match.index + match[0].length - 1;
    pieces.push(text.slice(start, end - digits.length));
    idOffsets.push(Number(digits) - FIRST_ID);
    start = end;
  }
  pieces.push(text.slice(start));
  return { pieces, idOffsets, idCount: idOffsets.length === 0 ? 0 : Math.max(...idOffsets) + 1 };
}

/** The text of a fragment whose first id gets this number. */
export function renderFragment({ pieces, idOffsets }: Fragment, firstId: number): string {
  let text = pieces[0] ?? '';
  for (const [index, offset] of idOffsets.entries()) text += String(firstId + offset) + (pieces[index + 1] ?? '');
  return text;
}
