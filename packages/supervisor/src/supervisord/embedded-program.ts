import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SupervisorError } from '../errors.js';

const PROGRAM = 'bin/slapos-supervisord.js';

/** The words that start this package's own supervisor: Node.js and the file; then come its options. */
export function embeddedProgram(): readonly [string, ...string[]] {
  // The built file lies less deep than the source.
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); folder !== '/'; folder = path.dirname(folder)) {
    const file = path.join(folder, PROGRAM);
    if (fs.existsSync(file)) return [process.execPath, file];
  }
  throw new SupervisorError(
    'SUPERVISOR_NOT_INSTALLED',
    `The embedded supervisor is incomplete: ${PROGRAM} is missing`,
    {
      hint: 'Install @slapos/supervisor again.',
    },
  );
}
