#!/usr/bin/env node
/**
 * `node tools/conformance/main.mjs FIXTURES` compares this workspace with fixtures that are not part of it, because they belong to others:
 * the description of the JSON-RPC interface of slapos.core and a document of the real master. Build first.
 *
 * Exit code 0: all as described; 1: differences, each on a line; 2: wrong use.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';

import { checkJsonRpc } from './json-rpc.mjs';
import { checkMasterDocument } from './master-document.mjs';

const [fixtures] = process.argv.slice(2);
if (fixtures === undefined || !existsSync(path.join(fixtures, 'slap'))) {
  console.error('Usage: node tools/conformance/main.mjs FIXTURES, where FIXTURES/slap/json-rpc/json_rpc.json exists.');
  process.exit(2);
}

const results = [
  await checkJsonRpc(path.join(fixtures, 'slap/json-rpc')),
  await checkMasterDocument(path.join(fixtures, 'slap/marshal/master-computer.xml')),
];
for (const { name, checked, differences } of results) {
  console.log(`${name}: ${checked} checks, ${differences.length} differences`);
  for (const difference of differences) console.log(`  ${difference}`);
}
process.exitCode = results.some(({ differences }) => differences.length > 0) ? 1 : 0;
