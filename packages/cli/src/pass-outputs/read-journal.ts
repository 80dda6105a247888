import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { PassEvent } from '@slapos/grid';
import { journalFiles } from './event-journal.js';

const LOOK_INTERVAL_MS = 300;

/** An event of the journal. */
export type JournalEvent = Pick<PassEvent, 'v' | 'time' | 'type' | 'pass' | 'passName' | 'passId'> &
  Readonly<Record<string, unknown>>;

interface Position {
  readonly inode: number;
  readonly offset: number;
}

/**
 * All events of the journal, oldest first, then `now`; with `follow` also those that come, until the signal.
 */
export async function* readJournal(
  instanceRoot: string,
  options: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<JournalEvent | 'now', void, undefined> {
  const [older, current] = journalFiles(instanceRoot);
  yield* linesFrom(older, 0);
  let position = yield* linesAt(current, await beginningOf(current));
  yield 'now';
  while (options.follow && !options.signal.aborted) {
    await pause(LOOK_INTERVAL_MS, undefined, { signal: options.signal }).catch(() => undefined);
    const beginning = await beginningOf(current);
    if (position !== undefined && beginning !== undefined && beginning.inode !== position.inode) {
      // It was put aside: what came after our last look is in the older file now.
      yield* linesFrom(older, position.offset);
      position = beginning;
    }
    position = yield* linesAt(current, position ?? beginning);
  }
}

/** Events from a place on. @returns the place after the last of them */
async function* linesAt(
  file: string,
  position: Position | undefined,
): AsyncGenerator<JournalEvent, Position | undefined, undefined> {
  if (position === undefined) return undefined;
  let { offset } = position;
  for await (const { event, end } of withEnds(file, offset)) {
    offset = end;
    if (event !== undefined) yield event;
  }
  return { inode: position.inode, offset };
}

async function* linesFrom(file: string, offset: number): AsyncGenerator<JournalEvent, void, undefined> {
  for await (const { event } of withEnds(file, offset)) if (event !== undefined) yield event;
}

async function beginningOf(file: string): Promise<Position | undefined> {
  try {
    return { inode: (await stat(file)).ino, offset: 0 };
  } catch {
    return undefined;
  }
}

/** Whole lines, each with the place where the next one begins. */
async function* withEnds(
  file: string,
  offset: number,
): AsyncGenerator<{ readonly event: JournalEvent | undefined; readonly end: number }, void, undefined> {
  const size = await stat(file).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size <= offset) return;
  let end = offset;
  for await (const line of createInterface({ input: createReadStream(file, { start: offset, end: size - 1 }) })) {
    end += Buffer.byteLength(line) + 1;
    // A line that is still being written is read the next time.
    if (end > size) return;
    yield { event: parsed(line), end };
  }
}

function parsed(line: string): JournalEvent | undefined {
  try {
    return JSON.parse(line) as JournalEvent;
  } catch {
    return undefined;
  }
}
