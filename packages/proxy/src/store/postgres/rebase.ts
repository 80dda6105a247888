import type { Logger } from '@slapos/slap';
import type { ClientBase } from 'pg';

import { isInsideOrAbove, LOCAL_ROOT_SETTING, rebasedUrl } from '../migration/rebase.js';

/**
 * Follows a move of the folder below which local Software Releases lie, as in a SQLite file (spec: proxy §3.3), inside the caller's
 * transaction. No backup is written: that of a database server is made by its own means.
 */
export async function rebaseLocalReleases(client: ClientBase, newRoot: string, logger: Logger): Promise<void> {
  const { rows } = await client.query<{ value: string | null }>('SELECT value FROM config17 WHERE name = $1', [
    LOCAL_ROOT_SETTING,
  ]);
  const oldRoot = rows[0]?.value ?? '/';
  if (oldRoot === newRoot) return;
  await client.query(
    'INSERT INTO config17 (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    [LOCAL_ROOT_SETTING, newRoot],
  );
  if (isInsideOrAbove(newRoot, oldRoot)) return;
  logger.info('Rebase URLs on local software release root path', { oldRoot, newRoot });
  const change = (url: string) => rebasedUrl(url, oldRoot, newRoot);
  await rewriteSupplied(client, change);
  await rewriteInstances(client, change);
}

async function rewriteSupplied(client: ClientBase, change: (url: string) => string): Promise<void> {
  const { rows } = await client.query<{ rowid: number; url: string; computer: string }>(
    'SELECT rowid, url, computer_reference AS computer FROM software17 ORDER BY rowid',
  );
  for (const { rowid, url, computer } of rows) {
    const rebased = change(url);
    if (rebased === url) continue;
    // Two paths may become one, when they differed in a doubled slash only.
    await client.query('DELETE FROM software17 WHERE url = $1 AND computer_reference = $2', [rebased, computer]);
    await client.query('UPDATE software17 SET url = $1 WHERE rowid = $2', [rebased, rowid]);
  }
}

async function rewriteInstances(client: ClientBase, change: (url: string) => string): Promise<void> {
  const { rows } = await client.query<{ url: string }>(
    'SELECT DISTINCT software_release AS url FROM partition17 WHERE software_release IS NOT NULL',
  );
  for (const { url } of rows) {
    const rebased = change(url);
    if (rebased === url) continue;
    await client.query('UPDATE partition17 SET software_release = $1 WHERE software_release = $2', [rebased, url]);
  }
}
