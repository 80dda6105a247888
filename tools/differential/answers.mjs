import { MarshalComplex, MarshalFloat, MarshalObject, MarshalTuple, unmarshal } from '@slapos/slap';

/** @import { World } from './wire.mjs' */

/** Seconds since 1970 as Python writes a float. */
const TIMESTAMP = /\b\d{9,10}\.\d+\b/gu;

/**
 * What is compared of an answer: the status; of a success also the body, read if it is a document. The texts of errors are each master's own.
 *
 * @typedef {{ status: number, body: unknown }} Answer
 */

/**
 * Reads the answers of one master to one sequence. Time stamps are replaced by their order of appearance: which ones are equal is
 * behaviour, what time it was is not.
 *
 * @param {World} world
 */
export function createAnswerReader(world) {
  /** @type {Map<string, number>} */
  const timestamps = new Map();
  /** @param {string} text */
  const settle = (text) =>
    text.replaceAll(world.prefix, '').replaceAll(TIMESTAMP, (found) => {
      const known = timestamps.get(found) ?? timestamps.size + 1;
      timestamps.set(found, known);
      return `{time ${known}}`;
    });

  /** @param {number} status @param {string} body @returns {Answer} */
  return (status, body) => {
    if (status >= 400) return { status, body: undefined };
    return { status, body: body.startsWith('<') ? plain(unmarshal(Buffer.from(body)), settle) : settle(body) };
  };
}

/**
 * A value of the wire as JSON, with nothing lost that a client could notice.
 *
 * @param {unknown} value
 * @param {(text: string) => string} settle
 * @returns {unknown}
 */
function plain(value, settle) {
  /** @param {unknown} inner */
  const next = (inner) => plain(inner, settle);
  if (typeof value === 'string') {
    const inner = readInner(value);
    return inner === undefined ? settle(value) : next(inner);
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof MarshalFloat) return settle(`${value.value}`);
  if (value instanceof MarshalComplex) return `${value.real}+${value.imaginary}j`;
  if (value instanceof MarshalTuple) return value.items.map(next);
  if (value instanceof MarshalObject)
    return { class: value.className, init: value.initArguments.map(next), ...plainEntries(value.attributes, settle) };
  if (Array.isArray(value)) return value.map(next);
  if (value instanceof Set) return [...value].map(next);
  if (value instanceof Map) return plainEntries(value, settle);
  return value;
}

/**
 * A text that is a document itself, such as parameter XML.
 *
 * @param {string} text
 */
function readInner(text) {
  if (!text.startsWith('<')) return undefined;
  try {
    return unmarshal(Buffer.from(text));
  } catch {
    return undefined;
  }
}

/**
 * @param {ReadonlyMap<unknown, unknown>} entries
 * @param {(text: string) => string} settle
 * @returns {Record<string, unknown>}
 */
function plainEntries(entries, settle) {
  /** @type {Record<string, unknown>} */
  const record = {};
  // The order of a dictionary is nothing that a client sees.
  const texts = [...entries].map(([key, value]) => /** @type {const} */ ([settle(String(key)), value]));
  for (const [key, value] of texts.sort(([left], [right]) => (left < right ? -1 : 1)))
    record[key] = plain(value, settle);
  return record;
}
