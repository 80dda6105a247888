import { existsSync } from 'node:fs';
import { posix } from 'node:path';

import type { Database } from 'better-sqlite3';

import { backupPath, type MigrationOptions } from './migrate.js';
import { writeSqlDump } from './sql-dump.js';

/** The row of the settings that holds the folder. */
export const LOCAL_ROOT_SETTING = 'local_software_release_root';
const DEFAULT_ROOT = '/';

/**
 * Follows a move of the folder below which local Software Releases lie: releases named by a path below the old one get their path below
 * the new one (spec: proxy §3.3). Runs inside the caller's transaction. Writes a backup first when anything is to be rewritten.
 */
export function rebaseLocalReleases(database: Database, newRoot: string, options: MigrationOptions): void {
  const stored = database
    .prepare<[string], { value: string | null }>('SELECT value FROM config17 WHERE name = ?')
    .get(LOCAL_ROOT_SETTING);
  const oldRoot = stored?.value ?? DEFAULT_ROOT;
  if (oldRoot === newRoot) return;
  database.prepare('INSERT OR REPLACE INTO config17 (name, value) VALUES (?, ?)').run(LOCAL_ROOT_SETTING, newRoot);
  if (isInsideOrAbove(newRoot, oldRoot)) {
    options.logger.info('The local software release root moved within its old place: URLs stay as they are', {
      oldRoot,
      newRoot,
    });
    return;
  }
  if (options.path !== undefined) {
    const file = backupPath(options.path, '', options.now());
    options.logger.info('Backuping database', { path: file });
    writeSqlDump(database, file);
  }
  options.logger.info('Rebase URLs on local software release root path', { oldRoot, newRoot });
  rewrite(database, 'software17', 'url', (url) => rebasedUrl(url, oldRoot, newRoot));
  rewrite(database, 'partition17', 'software_release', (url) => rebasedUrl(url, oldRoot, newRoot));
}

/** Whether one folder is in the other, or the other in it: then paths below both may stay as they are. */
export function isInsideOrAbove(newRoot: string, oldRoot: string): boolean {
  const relative = posix.relative(oldRoot, newRoot);
  const inside = relative !== '..' && !relative.startsWith('../');
  const above = relative.split('/').every((part) => part === '..');
  return inside || above;
}

/** The URL below the new root; the same when it is not below the old one, or when only the old file exists. */
export function rebasedUrl(url: string, oldRoot: string, newRoot: string): string {
  if (url === '' || /^[a-z][a-z0-9+.-]*:/i.test(url)) return url;
  const relative = posix.relative(oldRoot, url);
  if (relative === '..' || relative.startsWith('../')) return url;
  const rebased = posix.join(newRoot, relative);
  return !existsSync(rebased) && existsSync(url) ? url : rebased;
}

function rewrite(database: Database, table: string, column: string, change: (url: string) => string): void {
  const rows = database
    .prepare<[], { rowid: number; url: string }>(
      `SELECT rowid, ${column} AS url FROM ${table} WHERE ${column} IS NOT NULL`,
    )
    .all();
  // Two paths may become one, when they differed in a doubled slash only.
  const update = database.prepare(`UPDATE OR REPLACE ${table} SET ${column} = ? WHERE rowid = ?`);
  for (const { rowid, url } of rows) {
    const rebased = change(url);
    if (rebased !== url) update.run(rebased, rowid);
  }
}
