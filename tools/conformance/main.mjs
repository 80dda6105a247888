#!/usr/bin/env node
/**
 * `npm run conformance -- FIXTURES` compares this workspace with fixtures that are not part of it, because they belong to others:
 * each module in `checks/` reads those that it knows. Build first.
 *
 * Exit code 0: all as described; 1: differences, each on a line, or a check that found nothing to compare; 2: wrong use.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** @import { Check } from './outcome.mjs' */

const [fixtures] = process.argv.slice(2);
if (fixtures === undefined || !existsSync(path.join(fixtures, 'slap'))) {
  console.error('Usage: npm run conformance -- FIXTURES, where FIXTURES/slap/json-rpc/json_rpc.json exists.');
  process.exit(2);
}

const checks = new URL('checks/', import.meta.url);
let isConforming = true;
for (const file of (await readdir(checks)).filter((name) => name.endsWith('.mjs')).sort()) {
  const { check } = /** @type {Check} */ (await import(new URL(file, checks).href));
  const { name, checked, differences } = await check(path.resolve(fixtures));
  console.log(`${name}: ${checked} checks, ${differences.length} differences`);
  for (const difference of differences) console.log(`  ${difference}`);
  if (checked === 0 || differences.length > 0) isConforming = false;
}
process.exitCode = isConforming ? 0 : 1;
