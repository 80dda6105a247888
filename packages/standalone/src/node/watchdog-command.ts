import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoteWord } from '@slapos/supervisor';
import { StandaloneError } from '../errors.js';

const PROGRAM = 'bin/slapos-standalone-watchdog.js';

/** The command line of this package's watchdog: Node.js and the file. The supervisor starts it with an empty environment. */
export function watchdogCommand(): string {
  // The built file lies less deep than the source.
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); folder !== '/'; folder = path.dirname(folder)) {
    const file = path.join(folder, PROGRAM);
    if (existsSync(file)) return [process.execPath, file].map(quoteWord).join(' ');
  }
  throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `The package is incomplete: ${PROGRAM} is missing`, {
    hint: 'Install @slapos/standalone again.',
  });
}
