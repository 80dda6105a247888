import { ProxyError } from '../errors.js';

/** How large all contents together may become. Uploads at the same time share it. */
export class Room {
  readonly #maxTotalBytes: number;
  readonly #measure: () => Promise<number>;
  #measurement: Promise<void> | undefined;
  /** What is stored, and what is being received. */
  #usedBytes = 0;

  /** @param measure how much is stored; asked once, and again when it failed */
  constructor(maxTotalBytes: number, measure: () => Promise<number>) {
    this.#maxTotalBytes = maxTotalBytes;
    this.#measure = measure;
  }

  /** Knows how much is stored; what failed is tried again by the next upload. */
  measured(): Promise<void> {
    this.#measurement ??= this.#measure().then(
      (total) => {
        this.#usedBytes += total;
      },
      (error: unknown) => {
        this.#measurement = undefined;
        throw error;
      },
    );
    return this.#measurement;
  }

  /** @throws ProxyError `PROXY_TOO_LARGE` */
  take(bytes: number): void {
    if (this.#usedBytes + bytes > this.#maxTotalBytes) {
      throw new ProxyError('PROXY_TOO_LARGE', `The cache would become larger than ${this.#maxTotalBytes} bytes`, {
        hint: 'Remove contents that nobody needs from it, or allow it more (maxTotalBytes).',
      });
    }
    this.#usedBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
