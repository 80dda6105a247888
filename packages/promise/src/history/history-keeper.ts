import { createHash } from 'node:crypto';

import { isSlapOSError, type Logger, type Ownership, type UntrustedDirectory } from '@slapos/host';

import { formatResultDate, type PromiseResult } from '../results/result-file.js';
import {
  readHistory,
  readStatistics,
  readStatusTable,
  STATISTICS_HEADER,
  writeGlobal,
  writeHistory,
  writePublic,
  writeStatistics,
  writeStatusTable,
  type StatusTable,
} from './history-files.js';

const FILE_MODE = 0o644;
const MAX_HISTORY_BYTES = 64 * 1024 * 1024;
const MS_PER_SECOND = 1000;
const HISTORY_SUFFIX = '.history.json';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

export interface HistoryKeeperOptions {
  /** `.slapgrid/promise`. */
  readonly folder: UntrustedDirectory;
  /** `.slapgrid/promise/history`. */
  readonly histories: UntrustedDirectory;
  readonly owner: Ownership;
  readonly logger: Logger;
  readonly computerId: string;
  readonly partitionId: string;
  /** When the pass began, in milliseconds since 1970-01-01 UTC. */
  readonly now: number;
}

/**
 * Keeps history and statistics as nodes up to 1.21 did: each file is written anew under another name, then renamed; a broken one
 * is begun again. (spec: promise 5.3)
 */
export class HistoryKeeper {
  readonly #options: HistoryKeeperOptions;
  readonly #before: StatusTable;
  readonly #table: StatusTable;
  #success = 0;
  #error = 0;

  private constructor(options: HistoryKeeperOptions, before: StatusTable) {
    this.#options = options;
    this.#before = before;
    this.#table = new Map(before);
  }

  static async open(options: HistoryKeeperOptions): Promise<HistoryKeeper> {
    const text = await read(options.folder, 'promise_status.json', options.logger);
    return new HistoryKeeper(options, readStatusTable(text));
  }

  /** Counts a promise that was not run by what it said the last time. */
  countSkipped(name: string): void {
    const status = this.#before.get(name)?.[0];
    if (status === 'OK') this.#success += 1;
    if (status === 'FAILED') this.#error += 1;
  }

  /** Counts a promise that had nothing to say in this mode. */
  countSuccess(): void {
    this.#success += 1;
  }

  /** Adds a saved result. */
  async add(result: PromiseResult): Promise<void> {
    if (result.failed) this.#error += 1;
    else this.#success += 1;
    const status = result.failed ? 'FAILED' : 'OK';
    const date = formatResultDate(result.date);
    const hash = md5(result.message);
    const last = this.#before.get(result.name);
    const changeDate = last?.[0] === status ? last[1] : date;
    this.#table.set(result.name, [status, changeDate, hash]);
    if (last?.[1] === date && last[2] === hash) return;
    const name = result.title + HISTORY_SUFFIX;
    const { histories, logger } = this.#options;
    const history = readHistory(await read(histories, name, logger));
    const entry = {
      executionSeconds: result.executionSeconds,
      failed: result.failed,
      date,
      message: result.message,
      changeDate,
    };
    const text = writeHistory(
      {
        date: history?.date ?? result.date / MS_PER_SECOND,
        entries: [...(history?.entries ?? []), entry],
      },
      result,
    );
    await this.#write(histories, name, text);
  }

  /** Writes what the pass found; forgets promises that are gone. */
  async finish(names: readonly string[]): Promise<void> {
    const { folder, logger, computerId, partitionId, now } = this.#options;
    const known = new Set(names);
    for (const name of this.#table.keys()) if (!known.has(name)) this.#table.delete(name);
    await this.#write(folder, 'promise_status.json', writeStatusTable(this.#table));
    const date = formatResultDate(now);
    const counts = { success: this.#success, error: this.#error, date };
    await this.#write(folder, 'global.json', writeGlobal({ ...counts, computerId, partitionId }));
    await this.#write(folder, 'public.json', writePublic(counts));
    const statistics = readStatistics(await read(folder, 'promise_stats.json', logger));
    const line = `${date}, ${String(this.#success)}, ${String(this.#error)}, `;
    const lines = [...(statistics?.lines ?? [STATISTICS_HEADER]), line];
    const text = writeStatistics({ date: statistics?.date ?? now / MS_PER_SECOND, lines });
    await this.#write(folder, 'promise_stats.json', text);
  }

  /** Removes the histories of promises that are gone. */
  async removeObsolete(titles: ReadonlySet<string>): Promise<void> {
    const { histories } = this.#options;
    for (const name of await histories.list()) {
      if (name.endsWith(HISTORY_SUFFIX) && !titles.has(name.slice(0, -HISTORY_SUFFIX.length)))
        await histories.remove(name);
    }
  }

  async #write(folder: UntrustedDirectory, name: string, text: string): Promise<void> {
    await folder.writeAtomic(name, text, { mode: FILE_MODE, durable: false, ...this.#options.owner });
  }
}

async function read(folder: UntrustedDirectory, name: string, logger: Logger): Promise<string | undefined> {
  try {
    return await folder.readText(name, { maxBytes: MAX_HISTORY_BYTES });
  } catch (error) {
    if (!isSlapOSError(error)) throw error;
    logger.warn('A file of the promises cannot be read', { file: name, reason: error.message });
    return undefined;
  }
}
