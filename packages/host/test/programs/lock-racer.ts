/** At each line on its input: tries to take the lock and says `won` or why not; at the next line, gives it back if it has it. */
import { createInterface } from 'node:readline';

import { acquireLock, isSlapOSError, type HeldLock } from '../../src/index.js';

const file = process.argv[2] ?? '';
let lock: HeldLock | undefined;

async function tryLock(): Promise<string> {
  try {
    lock = await acquireLock(file);
    return 'won';
  } catch (error) {
    return isSlapOSError(error) ? error.code : String(error);
  }
}

process.stdout.write('ready\n');
for await (const line of createInterface(process.stdin)) {
  if (line === 'try') process.stdout.write(`${await tryLock()}\n`);
  else {
    await lock?.release();
    lock = undefined;
    process.stdout.write('released\n');
  }
}
