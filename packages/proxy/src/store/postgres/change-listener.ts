import type { Logger } from '@slapos/slap';
import pg from 'pg';

/** The channel on which processes on one database tell each other that something changed. */
export const CHANGE_CHANNEL = 'slapos_proxy_change';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

/** Calls one function when another process has changed the database, by a connection of its own that is made anew when it breaks. */
export class ChangeListener implements AsyncDisposable {
  readonly #connection: pg.ClientConfig;
  readonly #ownName: string;
  readonly #onChange: () => void;
  readonly #logger: Logger;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #isClosed = false;

  /** @param ownName what this process says when it changes something: it need not be told itself */
  constructor(options: {
    readonly connection: pg.ClientConfig;
    readonly ownName: string;
    readonly onChange: () => void;
    readonly logger: Logger;
  }) {
    this.#connection = options.connection;
    this.#ownName = options.ownName;
    this.#onChange = options.onChange;
    this.#logger = options.logger;
    void this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#client?.end().catch(() => undefined);
  }

  async #listen(): Promise<void> {
    const client = new pg.Client(this.#connection);
    this.#client = client;
    // Comes once or more when it breaks, also while it is being made.
    const again = (error?: unknown) => this.#listenAgain(client, error);
    client.on('error', again);
    client.on('end', again);
    client.on('notification', ({ payload }) => {
      if (payload !== this.#ownName) this.#onChange();
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANGE_CHANNEL}`);
      this.#retryMs = FIRST_RETRY_MS;
      // What happened before it listened was told to nobody.
      this.#onChange();
    } catch (error) {
      again(error);
    }
  }

  #listenAgain(client: pg.Client, error: unknown): void {
    if (this.#isClosed || this.#client !== client) return;
    this.#client = undefined;
    this.#logger.warn('The database no longer tells of changes: connecting again', { retryMs: this.#retryMs, error });
    void client.end().catch(() => undefined);
    this.#retry = setTimeout(() => void this.#listen(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }
}
