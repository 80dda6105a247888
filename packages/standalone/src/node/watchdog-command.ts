import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoteWord } from '@slapos/supervisor';
import { StandaloneError } from '../errors.js';

const PROGRAM = 'bin/slapos-standalone-watchdog.js';

/** What becomes of a node whose program has ended without saying so. */
export interface OwnerGuard {
  /** As `/proc` shows them: together they name one process for ever. */
  readonly pid: number;
  readonly startTime: string;
  /** Removed after everything was stopped. */
  readonly temporaryDirectory: string | undefined;
}

/**
 * The command line of this package's watchdog: Node.js and the file. The supervisor starts it with an empty environment.
 * With a guard it also ends the node when that program has ended.
 */
export function watchdogCommand(guard: OwnerGuard | undefined): string {
  const guarding =
    guard === undefined
      ? []
      : [
          `--owner=${guard.pid}:${guard.startTime}`,
          ...(guard.temporaryDirectory === undefined ? [] : [`--remove=${guard.temporaryDirectory}`]),
        ];
  // The built file lies less deep than the source.
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); folder !== '/'; folder = path.dirname(folder)) {
    const file = path.join(folder, PROGRAM);
    if (existsSync(file)) return [process.execPath, file, ...guarding].map(quoteWord).join(' ');
  }
  throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `The package is incomplete: ${PROGRAM} is missing`, {
    hint: 'Install @slapos/standalone again.',
  });
}
