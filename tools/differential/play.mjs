import { isDeepStrictEqual } from 'node:util';

import { createAnswerReader } from './answers.mjs';
import { callOf } from './wire.mjs';

/** @import { Answer } from './answers.mjs' */
/** @import { Operation } from './operations.mjs' */
/** @import { Call, World } from './wire.mjs' */

/**
 * @typedef {object} Master
 * @property {string} url
 * @property {(call: Call) => Promise<{ status: number, body: string }>} send
 */

/**
 * The first answer in which two masters differ.
 *
 * @typedef {object} Difference
 * @property {readonly Operation[]} sequence what was done, the last one being the one that was answered differently
 * @property {Operation} operation
 * @property {readonly [Answer, Answer]} answers
 * @property {string} path of the value that differs within the answer
 */

const PARTITIONS_AT_FIRST = 3;

/** After whatever was done, the whole state is compared. */
/** @type {Operation} */
const LOOK_AT_ALL = { do: 'look', at: 'getFullComputerInformation', partition: '' };

/**
 * A master at a URL. Failures to reach it are thrown: they say nothing about a difference.
 *
 * @param {string} url
 * @returns {Master}
 */
export function masterAt(url) {
  const base = url.replace(/\/+$/u, '');
  return {
    url,
    send: async ({ method, path, form }) => {
      const response = await fetch(`${base}${path}`, {
        method,
        redirect: 'manual',
        ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
      });
      return { status: response.status, body: await response.text() };
    },
  };
}

/**
 * Plays a sequence against two masters.
 *
 * @param {readonly Operation[]} operations
 * @param {readonly [Master, Master]} masters
 * @param {World} world nothing of it may exist at either master
 * @param {(difference: Difference) => boolean} isExplained
 * @returns {Promise<Difference | undefined>} the first difference that is not explained
 */
export async function play(operations, masters, world, isExplained) {
  const [left, right] = masters;
  const readers = /** @type {const} */ ([createAnswerReader(world), createAnswerReader(world)]);
  /** @type {Operation[]} */
  const sequence = [];
  for (const operation of [
    { do: /** @type {const} */ ('format'), partitions: PARTITIONS_AT_FIRST },
    ...operations,
    LOOK_AT_ALL,
  ]) {
    sequence.push(operation);
    const call = callOf(operation, world);
    const [one, other] = await Promise.all([left.send(call), right.send(call)]);
    const answers = /** @type {const} */ ([readers[0](one.status, one.body), readers[1](other.status, other.body)]);
    if (isDeepStrictEqual(answers[0], answers[1])) continue;
    const difference = { sequence, operation, answers, path: pathOfDifference(answers[0], answers[1]) };
    if (!isExplained(difference)) return difference;
    // From here on their states may differ for that reason.
    return undefined;
  }
  return undefined;
}

/**
 * @param {unknown} left
 * @param {unknown} right
 * @returns {string} such as `body._partition_list.0._requested_state`; empty when the values themselves differ
 */
export function pathOfDifference(left, right) {
  if (!isContainer(left) || !isContainer(right)) return '';
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (isDeepStrictEqual(left[key], right[key])) continue;
    const rest = pathOfDifference(left[key], right[key]);
    return rest === '' ? key : `${key}.${rest}`;
  }
  return '';
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isContainer(value) {
  return typeof value === 'object' && value !== null;
}
