import type { Logger, UntrustedDirectory, WriteOptions } from '@slapos/host';

/** Lines are gathered up to this many characters, or for this long, before they are written: a build prints a million of them. */
const FLUSH_LENGTH = 32 * 1024;
const FLUSH_AFTER_MS = 200;

/**
 * A text file that grows by lines. What cannot be written is said once and then dropped: a log never fails the work that it tells of.
 */
export class LineLog implements AsyncDisposable {
  readonly #directory: UntrustedDirectory;
  readonly #name: string;
  readonly #options: WriteOptions;
  readonly #logger: Logger;
  #pending: string[] = [];
  #pendingLength = 0;
  #timer: NodeJS.Timeout | undefined;
  #failed = false;

  /** The directory stays the caller's, and must outlive the log. */
  constructor(directory: UntrustedDirectory, name: string, options: WriteOptions, logger: Logger) {
    this.#directory = directory;
    this.#name = name;
    this.#options = options;
    this.#logger = logger;
  }

  /** The file, for messages. */
  get path(): string {
    return `${this.#directory.path}/${this.#name}`;
  }

  write(line: string): void {
    if (this.#failed) return;
    this.#pending.push(line);
    this.#pendingLength += line.length + 1;
    if (this.#pendingLength >= FLUSH_LENGTH) this.#flushSoon();
    else this.#timer ??= setTimeout(() => this.#flushSoon(), FLUSH_AFTER_MS).unref();
  }

  #flushSoon(): void {
    // The write itself is synchronous in the adapter, so that nothing piles up; the promise only tells how it went.
    void this.#flush();
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const text = this.#pending.join('\n');
    this.#pending = [];
    this.#pendingLength = 0;
    try {
      await this.#directory.appendLine(this.#name, text, this.#options);
    } catch (error) {
      if (this.#failed) return;
      this.#failed = true;
      this.#logger.warn('Cannot write a log; the work goes on without it', { path: this.path, error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flush();
  }
}
