import { setTimeout as pause } from 'node:timers/promises';
import { isSlapOSError } from '@slapos/host';
import { findSources } from './find-sources.js';
import type { LogLine, LogSource, SourceSelection } from './log-source.js';
import { journalSource, passLines, type Period } from './pass-lines.js';
import { type FilePosition, readEnd, readNew } from './read-source.js';

const LOOK_INTERVAL_MS = 300;

/** Which lines are wanted. */
export interface LogQuery {
  readonly instanceRoot: string;
  readonly selection: SourceSelection;
  /** Only lines of this time, as far as they say one. */
  readonly period: Partial<Period>;
  /** Only lines with this in their text. */
  readonly pattern?: RegExp | undefined;
  /** How many of the last lines; absent: all of the period. */
  readonly count?: number | undefined;
}

/** What is read, and what could not be. */
export interface FoundLines {
  readonly lines: readonly LogLine[];
  readonly sources: readonly LogSource[];
  /** What could not be read, as sentences. */
  readonly complaints: readonly string[];
}

/** Reads the logs of a machine: first what is there, then what comes. */
export class LogReader {
  readonly #query: LogQuery;
  readonly #positions = new Map<string, FilePosition>();
  readonly #complained = new Set<string>();

  constructor(query: LogQuery) {
    this.#query = query;
  }

  /** The last lines of all sources, by time. */
  async existing(): Promise<FoundLines> {
    const { count, period } = this.#query;
    const isEnough = (lines: readonly LogLine[]): boolean => {
      const isFarEnough = period.fromMs !== undefined && (lines[0]?.orderMs ?? Infinity) < period.fromMs;
      return isFarEnough || (count !== undefined && lines.filter((line) => this.#fits(line)).length >= count);
    };
    const found: LogLine[] = [];
    const complaints: string[] = [];
    const sources = await this.#sources(complaints);
    for (const source of sources) {
      await this.#careful(source, complaints, async () => {
        const end = await readEnd(source, (lines) => isEnough(this.#meant(source, lines)), Date.now());
        this.#remember(source, end.position);
        found.push(...this.#meant(source, end.lines).filter((line) => this.#fits(line)));
        if (end.isCut)
          complaints.push(`${fileOf(source)} is longer than what is looked at: its older lines are left out`);
      });
    }
    const sorted = inOrder(found);
    return {
      lines: count === undefined ? sorted : sorted.slice(sorted.length - Math.min(count, sorted.length)),
      sources,
      complaints,
    };
  }

  /** What comes after `existing`, until the signal; a complaint is made once. */
  async *following(signal: AbortSignal): AsyncGenerator<FoundLines, void, undefined> {
    while (!signal.aborted) {
      const startedAt = performance.now();
      const complaints: string[] = [];
      const found: LogLine[] = [];
      const sources = await this.#sources(complaints);
      for (const source of sources) {
        await this.#careful(source, complaints, async () => {
          const { lines, position } = await readNew(source, this.#positions.get(fileOf(source)), Date.now());
          this.#remember(source, position);
          found.push(...this.#meant(source, lines).filter((line) => this.#fits(line)));
        });
      }
      if (found.length > 0 || complaints.length > 0) yield { lines: inOrder(found), sources, complaints };
      // A machine with very many logs is not kept busy by somebody who watches them.
      const wait = Math.max(LOOK_INTERVAL_MS, performance.now() - startedAt);
      await pause(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  async #sources(complaints: string[]): Promise<LogSource[]> {
    const { instanceRoot, selection } = this.#query;
    const { sources, unreadable } = await findSources(instanceRoot, selection);
    for (const folder of unreadable) this.#complain(complaints, `${folder} cannot be read`);
    return [...sources, journalSource(instanceRoot)];
  }

  /** What an owner of a partition spoils ends nothing. */
  async #careful(source: LogSource, complaints: string[], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isSlapOSError(error)) throw error;
      if (!isAbsent(error)) this.#complain(complaints, `${fileOf(source)} cannot be read: ${error.message}`);
    }
  }

  #complain(complaints: string[], text: string): void {
    if (!this.#complained.has(text)) complaints.push(text);
    this.#complained.add(text);
  }

  #remember(source: LogSource, position: FilePosition | undefined): void {
    if (position === undefined) this.#positions.delete(fileOf(source));
    else this.#positions.set(fileOf(source), position);
  }

  #meant(source: LogSource, lines: readonly LogLine[]): readonly LogLine[] {
    return source.program === 'events' ? passLines(lines, this.#query.selection) : lines;
  }

  #fits({ orderMs, text }: LogLine): boolean {
    const { period, pattern } = this.#query;
    return (
      orderMs >= (period.fromMs ?? -Infinity) && orderMs <= (period.toMs ?? Infinity) && (pattern?.test(text) ?? true)
    );
  }
}

function fileOf({ folder, name }: LogSource): string {
  return `${folder}/${name}`;
}

/** A folder that is not there yet has no lines. */
function isAbsent(error: Error): boolean {
  return error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ENOENT';
}

/** By time; lines of one source stay as they are. */
function inOrder(lines: readonly LogLine[]): LogLine[] {
  return [...lines].sort((one, other) => one.orderMs - other.orderMs);
}
