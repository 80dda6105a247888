import { MarshalFloat, type MarshalInput, MarshalTuple, type MarshalValue, pythonRepr } from '@slapos/slap';

import { ProxyError } from '../errors.js';
import type { JsonInput } from '../http/python-json.js';

/** Parameters are rarely deeper than ten levels; the documents they become can be read to a bounded depth only. */
const MAX_DEPTH = 64;

/**
 * The dictionary of a request as the other APIs carry it.
 * @throws ProxyError `PROXY_INVALID_REQUEST` when it is nested too deeply.
 */
export function marshalDictionary(value: Readonly<Record<string, unknown>> | undefined): Map<string, MarshalValue> {
  return new Map(Object.entries(value ?? {}).map(([key, item]) => [key, marshalValue(item, 1)]));
}

function marshalValue(value: unknown, depth: number): MarshalValue {
  if (depth > MAX_DEPTH) {
    throw new ProxyError('PROXY_INVALID_REQUEST', `A parameter is nested deeper than ${MAX_DEPTH} levels`);
  }
  if (Array.isArray(value)) return value.map((item) => marshalValue(item, depth + 1));
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([key, item]) => [key, marshalValue(item, depth + 1)]));
  }
  return value as string | number | boolean | null;
}

/** A dictionary that was kept, as JSON. Keys that are no text become one, as Python writes them. */
export function jsonDictionary(entries: Iterable<readonly [MarshalInput, MarshalInput]>): Record<string, JsonInput> {
  const result: Record<string, JsonInput> = Object.create(null) as Record<string, JsonInput>;
  for (const [key, value] of entries) result[typeof key === 'string' ? key : pythonRepr(key)] = jsonValue(value);
  return result;
}

function jsonValue(value: MarshalInput): JsonInput {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (value instanceof MarshalFloat) return value;
  if (value instanceof MarshalTuple) return value.items.map(jsonValue);
  if (Array.isArray(value)) return value.map(jsonValue);
  if (value instanceof Map) return jsonDictionary(value as ReadonlyMap<MarshalInput, MarshalInput>);
  // Integers beyond 2^53, sets and complex numbers have no exact JSON.
  return pythonRepr(value);
}
