import { cpus, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';

/**
 * One thing that is timed. `run` does the work once; what it returns is only used when the case derives figures from it.
 *
 * @typedef {object} BenchmarkCase
 * @property {string} label what is timed
 * @property {Record<string, number>} sizes how much work it is: counts, bytes
 * @property {number} [goalMs] the goal for the median, in milliseconds
 * @property {() => unknown} run synchronous or not
 * @property {() => unknown} [beforeEach] untimed, before every run
 * @property {(medianMs: number) => Record<string, number>} [figures] further figures, such as a rate
 */

/**
 * @typedef {object} Benchmark
 * @property {string} name as it is typed
 * @property {string} row the row of the table of goals that it measures
 * @property {string} description one line
 * @property {readonly string[]} packages those that must be built
 * @property {() => Promise<{ cases: BenchmarkCase[], dispose?: () => Promise<void> }>} prepare untimed
 */

/**
 * @typedef {object} CaseResult
 * @property {string} label
 * @property {Record<string, number>} sizes
 * @property {number} repetitions
 * @property {number} medianMs
 * @property {number} minMs
 * @property {number} maxMs
 * @property {number} spreadPercent half of (max − min), in percent of the median
 * @property {number} [goalMs]
 * @property {boolean} [goalReached] whether the median is within the goal
 * @property {Record<string, number>} [figures]
 */

const WARM_UP_RUNS = 2;

/** @param {number} value */
const rounded = (value) => Math.round(value * 1000) / 1000;

/** @param {readonly number[]} sorted */
export function median(sorted) {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/**
 * Times every case of a benchmark, after runs that warm it up and are not counted.
 *
 * @param {Benchmark} benchmark
 * @param {number} repetitions
 * @returns {Promise<CaseResult[]>}
 */
export async function measureAll(benchmark, repetitions) {
  const prepared = await benchmark.prepare();
  try {
    /** @type {CaseResult[]} */
    const results = [];
    for (const one of prepared.cases) results.push(await measureCase(one, repetitions));
    return results;
  } finally {
    await prepared.dispose?.();
  }
}

/**
 * @param {BenchmarkCase} one
 * @param {number} repetitions
 * @returns {Promise<CaseResult>}
 */
async function measureCase(one, repetitions) {
  /** @type {number[]} */
  const times = [];
  for (let repetition = -WARM_UP_RUNS; repetition < repetitions; repetition += 1) {
    await one.beforeEach?.();
    const start = performance.now();
    await one.run();
    const duration = performance.now() - start;
    if (repetition >= 0) times.push(duration);
  }
  times.sort((left, right) => left - right);
  const medianMs = median(times);
  const minMs = times[0] ?? Number.NaN;
  const maxMs = times.at(-1) ?? Number.NaN;
  return {
    label: one.label,
    sizes: one.sizes,
    repetitions,
    medianMs: rounded(medianMs),
    minMs: rounded(minMs),
    maxMs: rounded(maxMs),
    spreadPercent: rounded(((maxMs - minMs) / 2 / medianMs) * 100),
    ...(one.goalMs === undefined ? {} : { goalMs: one.goalMs, goalReached: medianMs <= one.goalMs }),
    ...(one.figures === undefined ? {} : { figures: one.figures(medianMs) }),
  };
}

/** What the figures were measured on. */
export function machineDescription() {
  return {
    node: process.version,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMegabytes: Math.round(totalmem() / 1024 / 1024),
  };
}
