/** A part of a file, both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Matches one range: from a byte on, up to a byte, or the last so many bytes. */
const ONE_RANGE = /^bytes=\s*(\d*)-(\d*)\s*$/;

/**
 * What a `Range` header asks of a file of that size (RFC 9110 §14).
 * @returns `'whole'` when there is no range, or one that may be ignored: several ranges, other units, or what cannot be read; `'unsatisfiable'`
 *   when it begins behind the end.
 */
export function readByteRange(header: string | null, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  const [, first = '', last = ''] = ONE_RANGE.exec(header ?? '') ?? [];
  if (first === '' && last === '') return 'whole';
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return 'whole';
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}
