import Database from 'better-sqlite3';

import { ProxyError } from '../../errors.js';
import { prepareDatabase, type SchemaOptions } from './prepare-database.js';

/** Where the header of a database says how it is written, and what says that it is without a write-ahead log. */
const [FIRST_FORMAT_BYTE, LAST_FORMAT_BYTE, ROLLBACK_FORMAT] = [18, 19, 1];

/** An empty database in memory. Its bytes (`serialize`) are a snapshot. */
export function newImage(options: SchemaOptions): Database.Database {
  const database = new Database(':memory:');
  prepareDatabase(database, options);
  return database;
}

/**
 * The database of a snapshot, which may be that of an older proxy, in memory.
 * @throws ProxyError `PROXY_DATABASE_UNREADABLE`, `PROXY_DATABASE_TOO_NEW`.
 */
export function openImage(snapshot: Uint8Array, options: SchemaOptions): Database.Database {
  const image = Buffer.from(snapshot);
  // Such a database has no log beside it, and what says that it has one would make it unreadable.
  if (image.byteLength > LAST_FORMAT_BYTE) image.fill(ROLLBACK_FORMAT, FIRST_FORMAT_BYTE, LAST_FORMAT_BYTE + 1);
  let database: Database.Database | undefined;
  try {
    if (image.byteLength === 0) throw new Error('it is empty');
    database = new Database(image);
    prepareDatabase(database, options);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof ProxyError && error.code === 'PROXY_DATABASE_TOO_NEW') throw error;
    throw new ProxyError('PROXY_DATABASE_UNREADABLE', 'The snapshot is no content of a mini-master', {
      cause: error,
      hint: 'Restore what snapshot() gave, or the bytes of a database file of a proxy. Nothing was changed.',
    });
  }
}
