import { existsSync } from 'node:fs';

import { isPostgresUri } from '../store/postgres/database-uri.js';

/**
 * Whether the database that a `database_uri` names is there, without changing it.
 * @throws ProxyError `PROXY_DATABASE_FAILED` when a PostgreSQL server does not let us in, `PROXY_DATABASE_TOO_NEW`.
 */
export async function hasProxyDatabase(databaseUri: string): Promise<boolean> {
  if (!isPostgresUri(databaseUri)) return existsSync(databaseUri);
  const { isPostgresPrepared } = await import('../store/postgres/read-image.js');
  return isPostgresPrepared(databaseUri);
}
