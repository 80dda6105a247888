import { randomBytes } from 'node:crypto';

import fc from 'fast-check';

import { EXPLANATIONS } from './explained.mjs';
import { sequences } from './operations.mjs';
import { play } from './play.mjs';

/** @import { Explanation } from './explained.mjs' */
/** @import { Difference, Master } from './play.mjs' */

/**
 * @typedef {object} ComparisonOptions
 * @property {number} seed the same seed gives the same sequences
 * @property {number} count how many sequences
 * @property {number} maxLength operations in a sequence
 * @property {number} [timeLimitMs] ends the comparison early
 * @property {number} [maxDifferences] ends the comparison early; default 10
 * @property {readonly Explanation[]} [explanations] default {@link EXPLANATIONS}
 */

/**
 * @typedef {object} Comparison
 * @property {number} seed
 * @property {number} played sequences that were played, those that only made a difference smaller included
 * @property {boolean} complete whether all that were asked for were played
 * @property {Difference[]} differences each as small as could be found, and of another kind
 * @property {Record<string, number>} explained how often each explanation was needed
 */

/** Nothing of the earlier runs may be met at the masters, whatever the seed. */
const RUN_ID_BYTES = 4;

/** @param {Difference} difference what two findings have in common that are the same thing */
const kindOf = ({ operation, path, answers }) =>
  [operation.do, path.replaceAll(/\d+/gu, 'n'), ...answers.map(({ status }) => status)].join(' ');

/**
 * Plays random sequences against two masters, makes each that is answered differently as short as it can be, and goes on with what differs otherwise.
 *
 * @param {readonly [Master, Master]} masters
 * @param {ComparisonOptions} options
 * @returns {Promise<Comparison>}
 */
export async function compareMasters(masters, options) {
  const { seed, count, maxLength, timeLimitMs, maxDifferences = 10, explanations = EXPLANATIONS } = options;
  const run = randomBytes(RUN_ID_BYTES).toString('hex');
  const endsAt = timeLimitMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeLimitMs;
  /** @type {Comparison} */
  const comparison = { seed, played: 0, complete: true, differences: [], explained: {} };
  /** @type {Set<string>} */
  const known = new Set();

  /** @param {Difference} difference */
  const isExplained = (difference) => {
    if (known.has(kindOf(difference))) return true;
    const explanation = explanations.find(({ at }) => at(difference));
    if (explanation === undefined) return false;
    comparison.explained[explanation.why] = (comparison.explained[explanation.why] ?? 0) + 1;
    return true;
  };

  /** @type {Difference[]} each smaller than the one before */
  const found = [];
  const property = fc.asyncProperty(sequences(maxLength), async (operations) => {
    comparison.played += 1;
    const world = { prefix: `${run}x${comparison.played.toString(36).padStart(6, '0')}x` };
    const difference = await play(operations, masters, world, isExplained);
    if (difference !== undefined) found.push(difference);
    return difference === undefined;
  });

  // One check ends at its first difference: another follows with other sequences, until as many are played as were asked for.
  for (let round = 0, left = count; left > 0; round += 1) {
    const remainingMs = endsAt - Date.now();
    if (remainingMs <= 0) return { ...comparison, complete: false };
    found.length = 0;
    const details = await fc.check(property, {
      seed: seed + round,
      numRuns: left,
      ...(Number.isFinite(remainingMs) ? { interruptAfterTimeLimit: remainingMs, markInterruptAsFailure: false } : {}),
    });
    left -= details.numRuns;
    const difference = found.at(-1);
    if (difference !== undefined) {
      comparison.differences.push(difference);
      known.add(kindOf(difference));
      if (comparison.differences.length >= maxDifferences) return { ...comparison, complete: false };
    } else if (details.failed) {
      throw new Error('The masters could not be compared', { cause: details.errorInstance });
    } else if (details.interrupted) {
      return { ...comparison, complete: false };
    }
  }
  return comparison;
}
