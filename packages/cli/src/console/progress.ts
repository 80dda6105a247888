import { Flags } from '@oclif/core';
import type { CommandLog } from '../output/log.js';
import { isInteractive } from './terminal.js';

/** How the progress of a long command is shown (spec: ux-ideas §9). */
export const PROGRESS_MODES = ['auto', 'tty', 'plain', 'json', 'none'] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** `--progress`, of commands that take long. */
export const progressFlag = Flags.option({
  description: 'how progress is shown; auto moves on a terminal, and logs lines elsewhere',
  options: PROGRESS_MODES,
  default: 'auto',
  helpValue: PROGRESS_MODES.join('|'),
})();

/** How far one thing of a long command is. */
export interface ProgressItem {
  /** What it is, to people. */
  readonly label: string;
  readonly state: 'waiting' | 'running' | 'ok' | 'failed';
  /** What is being done, or how it ended. */
  readonly detail?: string | undefined;
  /** The last line of output of what runs. */
  readonly tail?: string | undefined;
}

/** The progress of one command; nothing of it changes what the command does. */
export interface Progress extends Disposable {
  /** Sets one thing, by an id that stays the same; fields that are left out keep their value. */
  set(id: string, item: Partial<ProgressItem>): void;
  /** Says how many things there are, once that is known, and how many of them have ended without having been shown. */
  total(count: number, endedUnseen?: number): void;
  /** An event for programs, a line of JSON each; shown in the mode `json` only. */
  event(event: object): void;
  /** Ends the display; what failed stays on the screen. */
  [Symbol.dispose](): void;
}

/** What progress is opened with. */
export interface ProgressOptions {
  /** Heading of the display: `Software releases`. */
  readonly title: string;
  /** Behind the numbers: `jobs 4`. */
  readonly note?: string | undefined;
  readonly mode: ProgressMode;
  /** Its console is what the display shares with the log. */
  readonly log: CommandLog;
}

const NO_PROGRESS: Progress = {
  set: () => undefined,
  total: () => undefined,
  event: () => undefined,
  [Symbol.dispose]: () => undefined,
};

/**
 * Begins to show progress on standard error. Close it with `using`.
 * `plain` shows nothing of its own: the log already has a line for everything that happens.
 */
export async function openProgress(options: ProgressOptions): Promise<Progress> {
  const { log } = options;
  switch (resolveMode(options)) {
    case 'tty': {
      const { openLiveProgress } = await import('./live-progress.js');
      return openLiveProgress(options, process.env);
    }
    case 'json':
      return {
        ...NO_PROGRESS,
        event: (event) => {
          log.console.writeLine(JSON.stringify(event));
        },
      };
    case 'plain':
    case 'none':
      return NO_PROGRESS;
  }
}

function resolveMode({ mode, log }: ProgressOptions): Exclude<ProgressMode, 'auto'> {
  if (mode !== 'auto') return mode;
  // With -q nobody wants to see anything but trouble.
  return isInteractive(log.console.stream, process.env) && log.shows('info') ? 'tty' : 'plain';
}
