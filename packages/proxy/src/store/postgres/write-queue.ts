import type { Pool, PoolClient } from 'pg';

import type { StoreWriter } from '../proxy-store.js';
import { postgresError } from './postgres-errors.js';

interface PendingWrite {
  readonly run: (writer: StoreWriter, client: PoolClient) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface SucceededWrite {
  readonly write: PendingWrite;
  readonly value: unknown;
}

/** While a transaction runs the other processes wait: it is to be short. */
const MAX_WRITES_PER_COMMIT = 32;

/**
 * All changes of this process, one after the other, those that wait together in one transaction, each with a savepoint of its own. The
 * processes on a database take turns, by a lock that ends with the transaction: so what a change has read stays true until it is
 * committed, nothing has to be tried again, and events are numbered in the order in which they become visible.
 */
export class WriteQueue {
  readonly #pool: Pool;
  readonly #writerOn: (client: PoolClient) => StoreWriter;
  readonly #begin: string;
  readonly #commit: string;
  readonly #onCommit: () => void;
  #pending: PendingWrite[] = [];
  #running: Promise<void> | undefined;

  constructor(options: {
    readonly pool: Pool;
    readonly writerOn: (client: PoolClient) => StoreWriter;
    /** Begins a transaction when it is the turn of this process. */
    readonly begin: string;
    /** Commits one, and tells the other processes if it changed anything. */
    readonly commit: string;
    readonly onCommit: () => void;
  }) {
    this.#pool = options.pool;
    this.#writerOn = options.writerOn;
    this.#begin = options.begin;
    this.#commit = options.commit;
    this.#onCommit = options.onCommit;
  }

  add<T>(run: (writer: StoreWriter, client: PoolClient) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#pending.push({ run, resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when everything added so far is committed, or failed. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0) {
      // Requests whose bytes have arrived get to queue their change before the transaction begins.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#runTogether(this.#pending.splice(0, MAX_WRITES_PER_COMMIT));
    }
    this.#running = undefined;
  }

  async #runTogether(group: readonly PendingWrite[]): Promise<void> {
    let client: PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      await client.query(this.#begin);
      const succeeded = await runEach(group, client, this.#writerOn(client));
      await client.query(this.#commit);
      client.release();
      for (const { write, value } of succeeded) write.resolve(value);
      if (succeeded.length > 0) this.#onCommit();
    } catch (error) {
      // Whatever state it is in: when the connection ends, the transaction does.
      client?.release(true);
      // Rejecting one that was rejected before changes nothing.
      for (const write of group) write.reject(postgresError(error));
    }
  }
}

async function runEach(
  group: readonly PendingWrite[],
  client: PoolClient,
  writer: StoreWriter,
): Promise<SucceededWrite[]> {
  const succeeded: SucceededWrite[] = [];
  for (const write of group) {
    await client.query('SAVEPOINT change');
    try {
      const value = await write.run(writer, client);
      await client.query('RELEASE SAVEPOINT change');
      succeeded.push({ write, value });
    } catch (error) {
      await client.query('ROLLBACK TO SAVEPOINT change; RELEASE SAVEPOINT change');
      write.reject(postgresError(error));
    }
  }
  return succeeded;
}
