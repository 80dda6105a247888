import { isPostgresUri } from './postgres/database-uri.js';
import type { ProxyStore } from './proxy-store.js';
import type { SchemaOptions } from './sqlite/prepare-database.js';
import { openSqliteStore } from './sqlite/sqlite-store.js';

/**
 * Opens the store that a `database_uri` names: a PostgreSQL database, a file, or memory.
 * @throws ProxyError `PROXY_DATABASE_UNREADABLE`, `PROXY_DATABASE_TOO_NEW`, `PROXY_DATABASE_FAILED`.
 */
export async function openStore(
  databaseUri: string,
  options: SchemaOptions & { readonly durable?: boolean },
): Promise<ProxyStore> {
  if (!isPostgresUri(databaseUri)) return openSqliteStore({ ...options, path: databaseUri });
  // Most masters never need it.
  const { openPostgresStore } = await import('./postgres/postgres-store.js');
  return openPostgresStore({ ...options, databaseUri });
}
