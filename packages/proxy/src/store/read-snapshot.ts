import Database from 'better-sqlite3';

import { ProxyError } from '../errors.js';
import { isPostgresUri } from './postgres/database-uri.js';

/**
 * The content of a database as bytes that `ProxyStore.restore` takes, read without changing anything, of whatever schema it is.
 * @throws ProxyError `PROXY_NOT_FOUND` when there is no such file, `PROXY_DATABASE_UNREADABLE`, and what `readPostgresImage` throws.
 */
export async function readSnapshot(databaseUri: string): Promise<Uint8Array> {
  const database = await openToRead(databaseUri);
  try {
    return database.serialize();
  } catch (error) {
    throw new ProxyError(
      'PROXY_DATABASE_UNREADABLE',
      `${JSON.stringify(databaseUri)} is not a readable SQLite database`,
      {
        cause: error,
        hint: 'Check database_uri.',
      },
    );
  } finally {
    database.close();
  }
}

/**
 * A database that can only be read: the file, or a copy of what PostgreSQL holds. The caller closes it.
 * @throws ProxyError `PROXY_NOT_FOUND` when there is no such file, and what `readPostgresImage` throws.
 */
export async function openToRead(databaseUri: string): Promise<Database.Database> {
  if (isPostgresUri(databaseUri)) {
    const { readPostgresImage } = await import('./postgres/read-image.js');
    return readPostgresImage(databaseUri);
  }
  try {
    return new Database(databaseUri, { readonly: true, fileMustExist: true });
  } catch (error) {
    throw new ProxyError('PROXY_NOT_FOUND', `There is no database ${JSON.stringify(databaseUri)} that can be read`, {
      cause: error,
      hint: 'Check database_uri; slapos proxy start makes the file.',
    });
  }
}
