import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { collect, collectOptionsFromSection, collectSectionSchema } from '@slapos/collect';
import { createLinuxHost } from '@slapos/host';
import Database from 'better-sqlite3';

/** @import { Outcome } from '../outcome.mjs' */

/** The recorded runs were made in this minute and the one before. */
const SECOND_RUN = Date.parse('2026-11-23T05:21:00Z');
const MINUTE_MS = 60_000;
const TABLES = ['user', 'folder', 'computer', 'system', 'disk', 'temperature', 'heating'];
/** What depends on the machine that a run is made on, or on its clock. */
const DATE_OF_FILE = /"date": [\d.]+/;

/**
 * Opens databases that the Python program left, in place, and goes on with them in the minute after: nothing of them is lost or changed, and
 * what is written about their days is what the Python program writes.
 *
 * @param {string} fixtures
 * @returns {Promise<Outcome>}
 */
export async function check(fixtures) {
  const folder = path.join(fixtures, 'collect');
  const recorded = path.join(folder, 'after-two-runs');
  /** @type {string[]} */
  const differences = [];
  let checked = 0;
  /**
   * @param {string} what
   * @param {unknown} ours
   * @param {unknown} wanted
   */
  const compare = (what, ours, wanted) => {
    checked += 1;
    if (JSON.stringify(ours) !== JSON.stringify(wanted))
      differences.push(
        `${what}: ${JSON.stringify(ours).slice(0, 300)} instead of ${JSON.stringify(wanted).slice(0, 300)}`,
      );
  };

  const recordedSchema = await schemaOf(path.join(folder, 'after-one-run.sql'));
  await goOn(undefined, SECOND_RUN, async (_root, _before, after) => {
    compare('new database, schema', after.schema, recordedSchema);
  });
  await goOn(path.join(folder, 'after-one-run.sql'), SECOND_RUN, async (root, before, after) => {
    compare('first database, schema', after.schema, before.schema);
    for (const [table, rows] of Object.entries(before.rows))
      for (const row of rows) compare(`first database, ${table}`, hasRow(after.rows[table], row), true);
    for (const place of ['consumption-report', 'xml_report/COMP-1'])
      for (const name of await readdir(path.join(recorded, place)))
        compare(`${place}/${name}`, await textOf(root, 'var', place, name), await textOf(recorded, place, name));
    for (const archive of (await readdir(path.join(recorded, 'data-log'))).filter((name) => name.endsWith('.tar.gz'))) {
      const own = path.join(root, 'var/data-log', archive);
      const wanted = path.join(recorded, 'data-log', archive);
      // What the first recorded run had packed already is no row of its database any more.
      if (!(await readdir(path.dirname(own))).includes(archive)) continue;
      for (const member of membersOf(wanted).filter((name) => name.endsWith('.csv')))
        compare(`${archive}: ${member}`, memberOf(own, member), memberOf(wanted, member));
    }
    for (const name of await readdir(path.join(recorded, 'slappart0-monitor'))) {
      // Names and commands of processes can only be told while they live.
      if (name === 'monitor_process_resource.status.json') continue;
      const own = await textOf(root, 'slappart0/.slapgrid/monitor', name);
      const wanted = await textOf(recorded, 'slappart0-monitor', name);
      compare(name, own.replace(DATE_OF_FILE, ''), wanted.replace(DATE_OF_FILE, ''));
    }
  });

  await goOn(path.join(recorded, 'collector.sql'), SECOND_RUN + MINUTE_MS, async (root, before, after) => {
    compare('second database, schema', after.schema, before.schema);
    for (const [table, rows] of Object.entries(before.rows))
      for (const row of rows) compare(`second database, ${table}`, hasRow(after.rows[table], row), true);
    // The series of the recorded runs, and the row of ours behind it.
    for (const name of (await readdir(path.join(recorded, 'data-log'))).filter((file) => file.endsWith('.csv'))) {
      const own = await textOf(root, 'var/data-log', name);
      compare(name, own.startsWith(await textOf(recorded, 'data-log', name)), true);
    }
  });
  return { name: 'Measurements of the Python node', checked, differences };
}

/** @typedef {{ schema: unknown[], rows: Record<string, unknown[]> }} Content */

/**
 * @param {string | undefined} dump
 * @param {number} now
 * @param {(root: string, before: Content, after: Content) => Promise<void>} look
 */
async function goOn(dump, now, look) {
  const root = await mkdtemp(path.join(tmpdir(), 'slapos-conformance-'));
  const host = createLinuxHost();
  try {
    const file = path.join(root, 'var/data-log/collector.db');
    await mkdir(path.dirname(file), { recursive: true });
    await mkdir(path.join(root, 'slappart0/.slapgrid'), { recursive: true });
    if (dump !== undefined) load(file, await readFile(dump, 'utf8'));
    const before = dump === undefined ? { schema: [], rows: {} } : contentOf(file);
    const section = collectSectionSchema.parse({
      instance_root: root,
      computer_id: 'COMP-1',
      partition_amount: '2',
      user_base_name: 'slapuser',
      partition_base_name: 'slappart',
      report_disk_usage: 'false',
    });
    const nobody = { byName: async () => undefined, byUid: async () => undefined };
    const users = { ...nobody, groupByName: async () => undefined, groupByGid: async () => undefined };
    const clock = {
      now: () => now,
      monotonic: () => host.clock.monotonic(),
      /** @type {typeof host.clock.sleep} */
      sleep: (milliseconds, signal) => host.clock.sleep(milliseconds, signal),
    };
    const { problems } = await collect(collectOptionsFromSection(section), {
      host: { commands: host.commands, locks: host.locks, clock, users },
    });
    if (problems.length > 0) throw new Error(problems.join('\n'));
    await look(root, before, contentOf(file));
  } finally {
    await host[Symbol.asyncDispose]();
    await rm(root, { recursive: true });
  }
}

/**
 * @param {string} file
 * @param {string} dump
 */
function load(file, dump) {
  const database = new Database(file);
  database.exec(dump);
  database.close();
}

/** @param {string} dump */
async function schemaOf(dump) {
  const scratch = await mkdtemp(path.join(tmpdir(), 'slapos-conformance-'));
  try {
    const file = path.join(scratch, 'recorded.db');
    load(file, await readFile(dump, 'utf8'));
    return contentOf(file).schema;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/**
 * @param {string} file
 * @returns {Content}
 */
function contentOf(file) {
  const database = new Database(file, { readonly: true });
  try {
    // How many blanks stand between two columns is all that may differ.
    const schema = database
      .prepare("SELECT type, name, replace(sql, '  ', ' ') AS sql FROM sqlite_master ORDER BY name")
      .all();
    // Whether a row has been dumped yet is what a run changes.
    const rows = Object.fromEntries(
      TABLES.map((table) => [
        table,
        database
          .prepare(`SELECT * FROM ${table}`)
          .all()
          .map((row) => ({ .../** @type {object} */ (row), reported: undefined })),
      ]),
    );
    return { schema, rows };
  } finally {
    database.close();
  }
}

/**
 * @param {readonly unknown[] | undefined} rows
 * @param {unknown} row
 */
function hasRow(rows, row) {
  const text = JSON.stringify(row);
  return rows?.some((other) => JSON.stringify(other) === text) ?? false;
}

/** @param {...string} names */
function textOf(...names) {
  return readFile(path.join(...names), 'utf8');
}

/** @param {string} archive */
function membersOf(archive) {
  return execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).trim().split('\n');
}

/**
 * @param {string} archive
 * @param {string} member
 */
function memberOf(archive, member) {
  return execFileSync('tar', ['-xOzf', archive, member], { encoding: 'utf8' });
}
