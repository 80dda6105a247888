import { createHash } from 'node:crypto';

import { compareCodePoints, pythonRepr } from './python-text.js';
import { MarshalTuple } from './values.js';

/**
 * The hash that old nodes keep of connection parameters to see whether they changed: SHA-256, in hexadecimal, of Python's
 * text of the sorted pairs (spec: slap-client §6).
 */
export function dictionaryHash(dictionary: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>): string {
  const entries =
    dictionary instanceof Map ? [...(dictionary as ReadonlyMap<string, unknown>)] : Object.entries(dictionary);
  const sorted = entries.sort(([left], [right]) => compareCodePoints(left, right));
  return createHash('sha256')
    .update(pythonRepr(sorted.map((pair) => new MarshalTuple(pair))))
    .digest('hex');
}
