import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createProxy, readProxyDatabase, renderProxyShow } from '@slapos/proxy';
import Database from 'better-sqlite3';

/** @import { Outcome } from '../outcome.mjs' */
/** @typedef {Record<string, { columns: string[], rows: unknown[][] }>} Content */

const DUMP = /^database_dump_version_(\d+|current)\.sql$/;
const COMPUTER_OF_OLD_DUMPS = 'computer';
const COMPUTER_OF_CURRENT_DUMP = 'slaprunner';

/**
 * Opens databases that proxies of the Python program left, and compares what we made of them with what its newest version makes of them.
 *
 * @param {string} fixtures
 * @returns {Promise<Outcome>}
 */
export async function check(fixtures) {
  const folder = path.join(fixtures, 'slap/databases');
  const scratch = await mkdtemp(path.join(tmpdir(), 'slapos-conformance-'));
  /** @type {string[]} */
  const differences = [];
  let checked = 0;
  try {
    for (const file of (await readdir(folder)).filter((name) => DUMP.test(name)).sort()) {
      const version = DUMP.exec(file)?.[1] ?? '';
      const isCurrent = version === 'current';
      const databasePath = path.join(scratch, `${version}.db`);
      load(databasePath, await readFile(path.join(folder, file), 'utf8'));
      const expected = isCurrent
        ? contentOf(databasePath)
        : /** @type {Content} */ (
            JSON.parse(await readFile(path.join(folder, `expected/from-${version}-to-17.json`), 'utf8'))
          );
      const proxy = await createProxy({
        databasePath,
        computerId: isCurrent ? COMPUTER_OF_CURRENT_DUMP : COMPUTER_OF_OLD_DUMPS,
      });
      await proxy.close();
      checked += 1;
      differences.push(...compare(`version ${version}`, contentOf(databasePath), expected));
      // What the file of a proxy is read for most often, by people.
      if (isCurrent) {
        checked += 1;
        const shown = renderProxyShow('URI', await readProxyDatabase(databasePath));
        const recorded = await readFile(path.join(fixtures, 'slap/proxy-show/all.txt'), 'utf8');
        if (withoutFirstLine(shown) !== withoutFirstLine(recorded.replace(/\n$/, '')))
          differences.push('proxy show prints something else');
      }
    }
  } finally {
    await rm(scratch, { recursive: true });
  }
  return { name: 'Databases of the Python proxy', checked, differences };
}

/**
 * @param {string} databasePath
 * @param {string} dump
 */
function load(databasePath, dump) {
  const database = new Database(databasePath);
  database.exec(dump);
  database.close();
}

/**
 * The tables that a Python proxy of the newest version has.
 *
 * @param {string} databasePath
 * @returns {Content}
 */
function contentOf(databasePath) {
  const database = new Database(databasePath, { readonly: true });
  try {
    const names = [
      'config',
      'software',
      'computer',
      'partition',
      'slave',
      'partition_network',
      'forwarded_partition_request',
    ];
    return Object.fromEntries(
      names.map((name) => {
        const statement = database.prepare(`SELECT * FROM ${name}17`).raw();
        return [
          `${name}17`,
          {
            columns: statement.columns().map((column) => column.name),
            rows: /** @type {unknown[][]} */ (statement.all()),
          },
        ];
      }),
    );
  } finally {
    database.close();
  }
}

/**
 * @param {string} label
 * @param {Content} ours
 * @param {Content} expected
 */
function compare(label, ours, expected) {
  /** @type {string[]} */
  const differences = [];
  for (const [table, { columns, rows }] of Object.entries(expected)) {
    const own = ours[table] ?? { columns: [], rows: [] };
    const texts = new Set(own.rows.map((row) => rowText(own.columns, row)));
    for (const row of rows) {
      const text = rowText(columns, row);
      if (!texts.delete(text)) differences.push(`${label}, ${table}: lost ${text.slice(0, 200)}`);
    }
    for (const text of texts) differences.push(`${label}, ${table}: too much: ${text.slice(0, 200)}`);
  }
  return differences;
}

/**
 * @param {readonly string[]} columns
 * @param {readonly unknown[]} row
 */
function rowText(columns, row) {
  const cells = columns.map((column, index) => /** @type {const} */ ([column, row[index]]));
  return JSON.stringify(Object.fromEntries(cells.sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** @param {string} text */
function withoutFirstLine(text) {
  return text.slice(text.indexOf('\n') + 1);
}
