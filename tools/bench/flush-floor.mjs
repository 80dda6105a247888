import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { median } from './measure.mjs';

const FLUSHES = 200;
/** What one small change adds to a write-ahead log: a page. */
const PAGE_BYTES = 4_096;

/**
 * What the disk under TMPDIR takes to keep one small change: no program that flushes before it answers can be faster for a client
 * that waits for each answer. The median of many, in milliseconds.
 *
 * @returns {Promise<number>}
 */
export async function flushMilliseconds() {
  const folder = await mkdtemp(path.join(tmpdir(), 'slapos-bench-'));
  try {
    const file = await open(path.join(folder, 'log'), 'w');
    const page = Buffer.alloc(PAGE_BYTES, 1);
    /** @type {number[]} */
    const times = [];
    for (let index = 0; index < FLUSHES; index += 1) {
      const startedAt = performance.now();
      await file.write(page);
      await file.datasync();
      times.push(performance.now() - startedAt);
    }
    await file.close();
    times.sort((left, right) => left - right);
    return Math.round(median(times) * 1_000) / 1_000;
  } finally {
    await rm(folder, { recursive: true });
  }
}
