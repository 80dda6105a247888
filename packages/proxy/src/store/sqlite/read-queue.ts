import type { StoreReader } from '../proxy-store.js';
import type { SqliteSession } from './session.js';

/**
 * Readers take turns, each in a transaction of its own, so that all its questions see the same committed state.
 * They never wait for the disk: in WAL mode a reader is not stopped by the writer of the other connection.
 */
export class ReadQueue {
  readonly #session: SqliteSession;
  readonly #reader: StoreReader;
  #last: Promise<unknown> = Promise.resolve();

  constructor(session: SqliteSession, reader: StoreReader) {
    this.#session = session;
    this.#reader = reader;
  }

  add<T>(run: (reader: StoreReader) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#runAlone(run));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async idle(): Promise<void> {
    await this.#last;
  }

  async #runAlone<T>(run: (reader: StoreReader) => Promise<T>): Promise<T> {
    this.#session.execute('BEGIN');
    try {
      return await run(this.#reader);
    } finally {
      if (this.#session.database.inTransaction) this.#session.execute('COMMIT');
    }
  }
}
