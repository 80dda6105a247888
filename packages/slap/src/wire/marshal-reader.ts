import { SlapError } from '../errors.js';
import { decodeXml } from './decode-xml.js';
import { readFast } from './fast-scanner.js';
import { readWithSax } from './sax-reader.js';
import { DEFAULT_MARSHAL_LIMITS, type MarshalLimits, type MarshalRules } from './value-rules.js';
import type { MarshalValue } from './values.js';

/** How to read a document. */
export interface UnmarshalOptions {
  /** Those that are not given are {@link DEFAULT_MARSHAL_LIMITS}. */
  readonly limits?: Partial<MarshalLimits> | undefined;
  /** Whether a list or dictionary may contain itself. Default false. */
  readonly allowCycles?: boolean | undefined;
  /** `sax` always uses the full XML reader; `auto` (default) tries the fast scanner first. Both give the same. */
  readonly parser?: 'auto' | 'sax' | undefined;
}

/**
 * Reads a marshalled document, whole or in pieces, into plain data; strict, with a closed list of elements and classes, without entities
 * (spec: marshal). Dictionaries become `Map`, integers beyond 2⁵³ bigint, floats {@link MarshalFloat}.
 * @throws SlapError `SLAP_INVALID_DOCUMENT` naming the line, the column and the rule that is broken.
 */
export function unmarshal(
  document: string | Uint8Array | readonly Uint8Array[],
  options: UnmarshalOptions = {},
): MarshalValue {
  const rules: MarshalRules = {
    ...DEFAULT_MARSHAL_LIMITS,
    ...options.limits,
    allowCycles: options.allowCycles ?? false,
  };
  if (lengthOf(document) > rules.maxLength) {
    throw new SlapError(
      'SLAP_INVALID_DOCUMENT',
      `A SLAP document is longer than the limit of ${rules.maxLength} bytes.`,
    );
  }
  const text = decodeXml(document).trimStart();
  if (text === '') throw new SlapError('SLAP_INVALID_DOCUMENT', 'Not a valid SLAP document: it is empty.');
  const quick = options.parser === 'sax' ? undefined : readFast(text, rules);
  return quick === undefined ? readWithSax(text, rules) : quick;
}

function lengthOf(document: string | Uint8Array | readonly Uint8Array[]): number {
  return typeof document === 'string' || document instanceof Uint8Array
    ? document.length
    : document.reduce((sum, { length }) => sum + length, 0);
}
