import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { type CommandRunner, createLinuxHost, LinuxLocks, systemClock } from '@slapos/host';
import SqliteDatabase from 'better-sqlite3';

import {
  collect,
  type CollectOptions,
  collectOptionsFromSection,
  type CollectResult,
  collectSectionSchema,
} from '../../src/index.js';

const DUMP = path.join(import.meta.dirname, '..', 'fixtures', 'after-one-run.sql');
const NEXT_MINUTE = Date.parse('2026-11-23T05:21:00Z');
const PAST_DAY = '2026-11-22';
const MONITOR_FILES = ['process', 'memory', 'io'].map((kind) => `monitor_resource_${kind}.data.json`);

/** A node whose database the Python node left in the minute before: its next run dumps, packs, and writes documents. */
export class RecordedNode {
  readonly root: string;
  readonly #host = createLinuxHost();

  /** @param root a folder of ours, whose content is replaced by {@link begin} */
  constructor(root: string) {
    this.root = root;
  }

  readonly inRoot = (...names: string[]): string => path.join(this.root, ...names);

  get databaseFile(): string {
    return this.inRoot('var', 'data-log', 'collector.db');
  }

  options(change: Partial<Record<string, string>> = {}): CollectOptions {
    return collectOptionsFromSection(
      collectSectionSchema.parse({
        instance_root: this.root,
        computer_id: 'COMP-1',
        partition_amount: '1',
        user_base_name: 'slapuser',
        partition_base_name: 'slappart',
        report_disk_usage: 'false',
        ...change,
      }),
    );
  }

  /** Everything as after the recorded run. */
  begin(): void {
    for (const name of readdirSync(this.root)) rmSync(this.inRoot(name), { recursive: true });
    mkdirSync(this.inRoot('var', 'data-log'), { recursive: true });
    mkdirSync(this.inRoot('slappart0', '.slapgrid'), { recursive: true });
    const database = new SqliteDatabase(this.databaseFile);
    database.exec(readFileSync(DUMP, 'utf8'));
    database.close();
  }

  /** The run of the next minute. */
  run(options = this.options(), commands: CommandRunner = this.#host.commands): Promise<CollectResult> {
    const users = {
      byName: async () => undefined,
      byUid: async () => undefined,
      groupByName: async () => undefined,
      groupByGid: async () => undefined,
    };
    // Shares of processors are not looked at: nobody has to wait for a second reading.
    const clock = { ...systemClock, now: () => NEXT_MINUTE, sleep: async () => {} };
    return collect(options, { host: { commands, locks: new LinuxLocks(), clock, users } });
  }

  query(sql: string): unknown[] {
    const database = new SqliteDatabase(this.databaseFile, { readonly: true });
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  }

  /** All that must be the same whatever happened on the way: the past day, its archive and documents, what was told to the instance. */
  endState(): unknown {
    const dataLog = this.inRoot('var', 'data-log');
    const archives = readdirSync(dataLog).filter((name) => name.startsWith('2026') || name.startsWith('.2026'));
    return {
      soundness: this.query('pragma integrity_check'),
      pastDay: ['user', 'system', 'folder', 'disk', 'computer'].map((table) =>
        this.query(`select * from ${table} where date = '${PAST_DAY}'`),
      ),
      firstRun: this.query("select * from user where date = '2026-11-23' and time < '05:21:00'"),
      archives: archives.sort().map((name) => [name, archiveText(path.join(dataLog, name))]),
      documents: ['consumption-report', path.join('xml_report', 'COMP-1')].map((place) =>
        readdirSync(this.inRoot('var', place)).map((name) => [
          name,
          readFileSync(this.inRoot('var', place, name), 'utf8'),
        ]),
      ),
      monitor: MONITOR_FILES.map((name) => {
        const file = this.inRoot('slappart0', '.slapgrid', 'monitor', name);
        // A run that fails late has told the minute already, and is repeated in the same minute here.
        return existsSync(file)
          ? [...new Set((JSON.parse(readFileSync(file, 'utf8')) as { data: string[] }).data)]
          : [];
      }),
      left: readdirSync(this.root, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('tmp')),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
  }
}

function archiveText(file: string): string {
  return execFileSync('tar', ['--extract', '--to-stdout', '--file', file], { encoding: 'utf8' });
}
