import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { PassEvent } from '@slapos/grid';
import type { EventLines } from './event-lines.js';

/** Below the instance root. */
const JOURNAL = 'var/log/slapos-events.jsonl';
const OLDER_SUFFIX = '.1';
const FOLDER_MODE = 0o755;
/** Messages of promises may say things that are not for everybody. */
const FILE_MODE = 0o640;
const MAX_BYTES = 10_000_000;
/** What builds print is in their own logs. */
const LEFT_OUT: ReadonlySet<PassEvent['type']> = new Set(['software.output', 'partition.output']);

/** The files of the journal, the older one first (spec: ux-ideas §17). */
export function journalFiles(instanceRoot: string): readonly [older: string, current: string] {
  const current = path.join(instanceRoot, JOURNAL);
  return [`${current}${OLDER_SUFFIX}`, current];
}

/**
 * The journal of a machine: the events of all its passes, in two files of 10 MB. It is an extra: where it cannot be written, the pass goes
 * on without it, and `onFailure` is told once.
 */
export function openEventJournal(instanceRoot: string, onFailure: (error: unknown) => void): EventLines {
  const [older, current] = journalFiles(instanceRoot);
  let descriptor: number | undefined;
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      close();
      onFailure(error);
    }
  };
  const close = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  const open = (): void => {
    descriptor = openSync(current, 'a', FILE_MODE);
  };
  attempt(() => {
    // Not the instance root itself: that one is missing is the pass' to say.
    for (const folder of ['var', 'var/log']) makeFolder(path.join(instanceRoot, folder));
    open();
  });
  return {
    write(event) {
      if (descriptor === undefined || LEFT_OUT.has((event as PassEvent).type)) return;
      attempt(() => {
        if (descriptor !== undefined && fstatSync(descriptor).size >= MAX_BYTES) {
          close();
          renameSync(current, older);
          open();
        }
        // One write for a line: passes that run beside each other do not mix theirs.
        if (descriptor !== undefined) writeSync(descriptor, `${JSON.stringify(event)}\n`);
      });
    },
    [Symbol.dispose]: close,
  };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: FOLDER_MODE });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
