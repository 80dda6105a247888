import { isSlapOSError, type UntrustedDirectory, type Logger, type Ownership, type UserIdentity } from '@slapos/host';

import { HistoryKeeper } from '../history/history-keeper.js';
import { parseLog, type LogRecord } from '../evaluation/log-record.js';
import { formatLogRecord } from '../evaluation/log-record.js';
import { readSchedule, writeSchedule, type PromiseSchedule } from './cache-file.js';
import { readResult, writeResult, type PromiseResult } from './result-file.js';

const PRIVATE = 0o700;
const PUBLIC = 0o755;
const FILE_MODE = 0o644;
/** More than enough for the last few runs. */
const LOG_TAIL_BYTES = 1024 * 1024;
const RESULT_SUFFIX = '.status.json';
/** What nodes up to 1.21 keep for history and statistics. (spec: promise 5.3) */
const HISTORY_NAMES = ['promise_stats.json', 'promise_status.json', 'global.json', 'public.json', 'history'] as const;
const OBSOLETE_SUFFIX = /\.(?:timestamp|periodicity)$/;

export interface PromiseStateOptions {
  /** Who owns what is made. Default: we. */
  readonly user: UserIdentity | undefined;
  readonly logger: Logger;
  /** Whose history and statistics are kept. Default: none. */
  readonly history: { readonly computerId: string; readonly partitionId: string } | undefined;
  /** When the pass began, in milliseconds since 1970-01-01 UTC. */
  readonly now: number;
}

/** Where a partition keeps what its promises said: `.slapgrid/promise/{result,log,cache}`. (spec: promise 1) */
export class PromiseStateFolders implements AsyncDisposable {
  readonly #open: UntrustedDirectory[] = [];
  readonly #owner: Ownership;
  readonly #logger: Logger;
  readonly #promise: UntrustedDirectory;
  readonly #result: UntrustedDirectory;
  readonly #log: UntrustedDirectory;
  readonly #cache: UntrustedDirectory;
  /** Only when history is kept. */
  readonly history: HistoryKeeper | undefined;

  private constructor(
    folders: readonly UntrustedDirectory[],
    owner: Ownership,
    logger: Logger,
    history: HistoryKeeper | undefined,
  ) {
    const [, promise, result, log, cache] = folders as [
      UntrustedDirectory,
      UntrustedDirectory,
      UntrustedDirectory,
      UntrustedDirectory,
      UntrustedDirectory,
    ];
    this.#open.push(...folders);
    this.history = history;
    this.#promise = promise;
    this.#result = result;
    this.#log = log;
    this.#cache = cache;
    this.#owner = owner;
    this.#logger = logger;
  }

  /** Opens the folders, and makes those that are missing for the partition's user. */
  static async open(partition: UntrustedDirectory, options: PromiseStateOptions): Promise<PromiseStateFolders> {
    const { user, logger, now } = options;
    const owner: Ownership = user === undefined ? {} : { uid: user.uid, gid: user.gid };
    const open: UntrustedDirectory[] = [];
    const enter = async (parent: UntrustedDirectory, name: string, mode: number): Promise<UntrustedDirectory> => {
      const folder = await parent.openSubdirectory(name, { create: true, mode, ...owner });
      open.push(folder);
      return folder;
    };
    try {
      const promise = await enter(await enter(partition, '.slapgrid', PUBLIC), 'promise', PUBLIC);
      for (const name of ['result', 'log', 'cache']) await enter(promise, name, PRIVATE);
      if (options.history === undefined) return new PromiseStateFolders(open, owner, logger, undefined);
      const { computerId, partitionId } = options.history;
      const histories = await enter(promise, 'history', PUBLIC);
      const keeper = { folder: promise, histories, owner, logger, computerId, partitionId, now };
      return new PromiseStateFolders(open, owner, logger, await HistoryKeeper.open(keeper));
    } catch (error) {
      for (const folder of open) await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  async readResult(title: string): Promise<PromiseResult | undefined> {
    const name = title + RESULT_SUFFIX;
    const text = await this.#quietly(() => this.#result.readText(name), name);
    const result = text === undefined ? undefined : readResult(text);
    if (text !== undefined && result === undefined) this.#logger.warn('The saved result is unreadable', { file: name });
    return result;
  }

  /** Flushed to no disk: after a crash the promise is simply run again. */
  async writeResult(result: PromiseResult): Promise<void> {
    const options = { mode: FILE_MODE, durable: false, ...this.#owner };
    await this.#result.writeAtomic(result.title + RESULT_SUFFIX, writeResult(result), options);
  }

  async readSchedule(title: string): Promise<PromiseSchedule | undefined> {
    const text = await this.#quietly(() => this.#cache.readText(title), title);
    return text === undefined ? undefined : readSchedule(text);
  }

  async writeSchedule(title: string, schedule: Parameters<typeof writeSchedule>[0]): Promise<void> {
    const options = { mode: FILE_MODE, durable: false, ...this.#owner };
    await this.#cache.writeAtomic(title, writeSchedule(schedule), options);
  }

  /** The last records of the log. */
  async readLog(title: string): Promise<LogRecord[]> {
    const name = `${title}.log`;
    const options = { maxBytes: LOG_TAIL_BYTES, tail: true };
    return parseLog((await this.#quietly(() => this.#log.readText(name, options), name)) ?? '');
  }

  async appendLog(title: string, record: LogRecord): Promise<void> {
    await this.#log.appendLine(`${title}.log`, formatLogRecord(record), { mode: FILE_MODE, ...this.#owner });
  }

  /** Removes the results of promises that are gone, and what older nodes kept here. (spec: promise 5.1, 5.3) */
  async removeObsolete(titles: ReadonlySet<string>): Promise<void> {
    for (const name of await this.#result.list()) {
      if (name.endsWith(RESULT_SUFFIX) && !titles.has(name.slice(0, -RESULT_SUFFIX.length)))
        await this.#result.remove(name);
    }
    await this.history?.removeObsolete(titles);
    for (const name of await this.#promise.list()) {
      const isHistory = (HISTORY_NAMES as readonly string[]).includes(name);
      if ((isHistory && this.history === undefined) || OBSOLETE_SUFFIX.test(name)) await this.#promise.removeTree(name);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of this.#open) await folder[Symbol.asyncDispose]();
  }

  /** What the partition's user put in place of a file of ours is as good as nothing. */
  async #quietly<Value>(read: () => Promise<Value | undefined>, name: string): Promise<Value | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!isSlapOSError(error)) throw error;
      this.#logger.warn('A file of the promises cannot be read', { file: name, reason: error.message });
      return undefined;
    }
  }
}
