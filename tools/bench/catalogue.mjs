import { readdir } from 'node:fs/promises';

const BENCHMARKS = new URL('./benchmarks/', import.meta.url);

/** @returns {Promise<import('./measure.mjs').Benchmark[]>} all benchmarks, in the order of the rows that they measure */
export async function loadBenchmarks() {
  const files = (await readdir(BENCHMARKS)).filter((file) => file.endsWith('.mjs')).sort();
  const benchmarks = await Promise.all(
    files.map(async (file) => {
      const module = /** @type {{ benchmark: import('./measure.mjs').Benchmark }} */ (
        await import(new URL(file, BENCHMARKS).href)
      );
      return module.benchmark;
    }),
  );
  return benchmarks.sort((left, right) => rowNumber(left.row) - rowNumber(right.row));
}

/** @param {string} row such as `P4, P5`; what measures no row comes last */
function rowNumber(row) {
  return Number(/\d+/.exec(row)?.[0] ?? Number.MAX_SAFE_INTEGER);
}
