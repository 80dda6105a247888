import { type Logger, silentLogger } from '@slapos/slap';

import { openStore } from '../store/open-store.js';
import { readSnapshot } from '../store/read-snapshot.js';
import { documentOfSnapshot, type ProxyContentDocument, snapshotOfDocument } from './content-document.js';

export interface ImportOptions {
  /** Path of a file, made when it is absent, or URI of a PostgreSQL database. */
  readonly databaseUri: string;
  /** The computer that is known there without formatting. */
  readonly computerId: string;
  /** Replace what is there. Default: a database that is not empty is refused. */
  readonly replace?: boolean;
  readonly logger?: Logger;
}

/**
 * Reads the whole content of a mini-master, running or not, secrets included, and changes nothing; older schemas are understood.
 * @throws ProxyError `PROXY_NOT_FOUND`, `PROXY_DATABASE_UNREADABLE`, `PROXY_DATABASE_TOO_NEW`, `PROXY_DATABASE_FAILED`, and
 * `PROXY_DATABASE_NOT_MIGRATED` for a PostgreSQL database that no proxy has prepared.
 */
export async function exportProxyDatabase(databaseUri: string): Promise<ProxyContentDocument> {
  return documentOfSnapshot(await readSnapshot(databaseUri));
}

/**
 * Fills the database of a mini-master, running or not, with what `exportProxyDatabase` gave: all of it or, when it fails, nothing.
 * @returns what there is now
 * @throws ProxyError `PROXY_DATABASE_UNREADABLE` that says what is wrong with the document, `PROXY_CONFLICT` when the database is
 * not empty, and what opening it throws.
 */
export async function importProxyDatabase(
  document: unknown,
  { databaseUri, computerId, replace = false, logger = silentLogger }: ImportOptions,
): Promise<ProxyContentDocument> {
  const snapshot = snapshotOfDocument(document);
  await using store = await openStore(databaseUri, { computerId, logger });
  await store.restore(snapshot, { onlyIfEmpty: !replace });
  return documentOfSnapshot(snapshot);
}
