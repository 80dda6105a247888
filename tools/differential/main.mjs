#!/usr/bin/env node
/**
 * `npm run differential -- URL URL` plays random sequences of SLAP calls against two masters and reports where they answer differently.
 * It makes computers and instances at both, under names of its own; use masters made for the purpose.
 *
 * Options: `--seed N`, `--sequences N`, `--length N` operations in each, `--minutes N`, `--max-differences N`, `--strict` (nothing is excused), `--json`.
 * Exit code 0: no difference that is not explained; 1: differences; 2: wrong use, or a master that cannot be reached.
 */
import { parseArgs } from 'node:util';

import { compareMasters } from './compare.mjs';
import { masterAt } from './play.mjs';

/** @import { Difference } from './play.mjs' */

const USAGE =
  'Usage: npm run differential -- URL URL [--seed N] [--sequences N] [--length N] [--minutes N] [--max-differences N] [--strict] [--json]';
const MS_PER_MINUTE = 60_000;
const LARGEST_SEED = 0x7fff_ffff;

/** @param {string} text @param {string} option */
function positive(text, option) {
  const value = Number(text);
  if (!(value > 0)) throw new TypeError(`--${option} takes a number above 0, not ${JSON.stringify(text)}.`);
  return value;
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: String(Math.floor(Math.random() * LARGEST_SEED)) },
      sequences: { type: 'string', default: '1000' },
      length: { type: 'string', default: '15' },
      minutes: { type: 'string' },
      'max-differences': { type: 'string', default: '10' },
      strict: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [left, right, ...more] = positionals;
  if (left === undefined || right === undefined || more.length > 0) throw new TypeError(USAGE);
  for (const url of [left, right]) if (!URL.canParse(url)) throw new TypeError(`${url} is no URL. ${USAGE}`);
  return {
    urls: /** @type {const} */ ([left, right]),
    json: values.json,
    options: {
      seed: positive(values.seed, 'seed'),
      count: positive(values.sequences, 'sequences'),
      maxLength: positive(values.length, 'length'),
      maxDifferences: positive(values['max-differences'], 'max-differences'),
      ...(values.minutes === undefined ? {} : { timeLimitMs: positive(values.minutes, 'minutes') * MS_PER_MINUTE }),
      ...(values.strict ? { explanations: [] } : {}),
    },
  };
}

/**
 * @param {Difference} difference
 * @param {readonly [string, string]} urls
 */
function describe({ sequence, path, answers }, urls) {
  return [
    `after ${sequence.length} operations, the answers differ at ${path || 'the answer itself'}:`,
    ...sequence.map((operation, index) => `  ${index + 1}. ${JSON.stringify(operation)}`),
    ...answers.map((answer, index) => `  ${urls[index]} answered ${JSON.stringify(answer)}`),
  ].join('\n');
}

try {
  const { urls, json, options } = readArguments();
  const comparison = await compareMasters([masterAt(urls[0]), masterAt(urls[1])], options);
  if (json) {
    console.log(JSON.stringify(comparison, null, 2));
  } else {
    for (const difference of comparison.differences) console.log(`${describe(difference, urls)}\n`);
    for (const [why, times] of Object.entries(comparison.explained)) console.log(`explained ${times} times: ${why}`);
    const end = comparison.complete ? '' : ' (ended before all were played)';
    console.log(
      `seed ${comparison.seed}: ${comparison.played} sequences, ${comparison.differences.length} differences${end}`,
    );
  }
  process.exitCode = comparison.differences.length === 0 ? 0 : 1;
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  console.error(`${error instanceof Error ? error.message : String(error)}${cause}`);
  process.exitCode = 2;
}
