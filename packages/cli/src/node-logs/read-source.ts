import { isSlapOSError, UntrustedDirectory } from '@slapos/host';
import { readLineTime } from './line-time.js';
import type { LogLine, LogSource } from './log-source.js';

const FIRST_BYTES = 64 * 1024;
const GROWTH = 8;
/** More of one file is not looked at: whoever needs it has the path. */
const MOST_BYTES = 32 * 1024 * 1024;
/** What supervisord and logrotate call the log that they put aside last. */
const OLDER_SUFFIX = '.1';
/** Longer lines are shown in part. */
const LONGEST_LINE = 64 * 1024;

/** Where the reading of a file ended. */
export interface FilePosition {
  readonly inode: number;
  readonly offset: number;
}

/** The end of a log. */
export interface SourceEnd {
  readonly lines: readonly LogLine[];
  /** Where what comes later begins; absent when there is no file yet. */
  readonly position: FilePosition | undefined;
  /** Whether lines that were asked for were left out, because there are too many. */
  readonly isCut: boolean;
}

/** Whether enough was read: the lines so far, oldest first. */
export type IsEnough = (lines: readonly LogLine[]) => boolean;

/**
 * The last lines of a log, and of the one that was put aside last, as far back as it takes. A file that is gone is empty.
 * @throws HostError when it cannot be read, or is no plain file
 */
export async function readEnd(source: LogSource, isEnough: IsEnough, nowMs: number): Promise<SourceEnd> {
  await using folder = await UntrustedDirectory.open(source.folder);
  const current = await endOf(folder, source.name, source, isEnough, nowMs);
  if (isEnough(current.lines) || current.isCut) return current;
  const older = await endOf(folder, `${source.name}${OLDER_SUFFIX}`, source, isEnough, nowMs).catch(ignoreRefusal);
  return older === undefined ? current : { ...current, lines: [...older.lines, ...current.lines], isCut: older.isCut };
}

async function endOf(
  folder: UntrustedDirectory,
  name: string,
  source: LogSource,
  isEnough: IsEnough,
  nowMs: number,
): Promise<SourceEnd> {
  const stat = await folder.stat(name);
  if (stat === undefined) return { lines: [], position: undefined, isCut: false };
  for (let bytes = FIRST_BYTES; ; bytes *= GROWTH) {
    const from = Math.max(0, stat.size - bytes);
    const read =
      (await folder.readBytes(name, { from, maxBytes: Math.min(bytes, stat.size - from) })) ?? Buffer.alloc(0);
    // The piece begins within a line, and may end within one that is still being written.
    const begin = from === 0 ? 0 : read.indexOf('\n') + 1;
    const end = read.lastIndexOf('\n') + 1;
    const lines = toLines(source, read.subarray(begin, Math.max(begin, end)), { nowMs, modifiedMs: stat.modifiedMs });
    const isWhole = from === 0;
    if (isWhole || bytes >= MOST_BYTES || isEnough(lines))
      return {
        lines,
        position: { inode: stat.inode, offset: from + end },
        isCut: !isWhole && !isEnough(lines),
      };
  }
}

/**
 * What came since the last look. A log that was put aside in the meantime is read to its end first; one that was emptied, from its beginning.
 * @throws HostError when it cannot be read, or is no plain file
 */
export async function readNew(
  source: LogSource,
  position: FilePosition | undefined,
  nowMs: number,
): Promise<Pick<SourceEnd, 'lines' | 'position'>> {
  await using folder = await UntrustedDirectory.open(source.folder);
  const stat = await folder.stat(source.name);
  if (stat === undefined) return { lines: [], position: undefined };
  let rest: readonly LogLine[] = [];
  let offset = 0;
  if (position?.inode === stat.inode) offset = position.offset > stat.size ? 0 : position.offset;
  else if (position !== undefined) rest = await restOfOlder(folder, source, position, nowMs);
  const read = await folder.readBytes(source.name, { from: offset, maxBytes: MOST_BYTES });
  const end = (read?.lastIndexOf('\n') ?? -1) + 1;
  const lines = toLines(source, read?.subarray(0, end) ?? Buffer.alloc(0), { nowMs, modifiedMs: nowMs });
  return { lines: [...rest, ...lines], position: { inode: stat.inode, offset: offset + end } };
}

async function restOfOlder(
  folder: UntrustedDirectory,
  source: LogSource,
  position: FilePosition,
  nowMs: number,
): Promise<readonly LogLine[]> {
  const name = `${source.name}${OLDER_SUFFIX}`;
  const stat = await folder.stat(name);
  if (stat?.inode !== position.inode) return [];
  const read = await folder.readBytes(name, { from: position.offset, maxBytes: MOST_BYTES }).catch(ignoreRefusal);
  return read === undefined ? [] : toLines(source, read, { nowMs, modifiedMs: nowMs });
}

/** Lines that say no time come right after the one before; those at the beginning, when the file was last written. */
function toLines(
  { owner, program }: LogSource,
  bytes: Buffer,
  { nowMs, modifiedMs }: { readonly nowMs: number; readonly modifiedMs: number },
): LogLine[] {
  const lines: LogLine[] = [];
  const texts = bytes.toString('utf8').split('\n');
  if (texts.at(-1) === '') texts.pop();
  let orderMs: number | undefined;
  for (const whole of texts) {
    const { text, writtenMs } = readLineTime(shortened(whole.replace(/\r$/u, '')), nowMs);
    orderMs = writtenMs ?? orderMs;
    lines.push({
      owner,
      program,
      text,
      orderMs: orderMs ?? Number.NaN,
      ...(writtenMs === undefined ? {} : { writtenMs }),
    });
  }
  const first = lines.find(({ orderMs: known }) => !Number.isNaN(known))?.orderMs ?? modifiedMs;
  return lines.map((line) => (Number.isNaN(line.orderMs) ? { ...line, orderMs: first } : line));
}

function shortened(text: string): string {
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text;
}

/** An older log that its owner made unreadable is none. */
function ignoreRefusal(error: unknown): undefined {
  if (!isSlapOSError(error)) throw error;
}
