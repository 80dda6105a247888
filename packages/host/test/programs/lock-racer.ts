/**
 * At the line `try`: tries to take the lock and says `won` or why not. At `release`: gives it back if it has it. At `cycle N`: takes
 * and gives back N times as fast as it can, and says how often somebody else was in at the same time.
 */
import fs from 'node:fs';
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

const HOLD_MS = 8;
/** Only the holder of the lock can make this file, so finding it there means that two hold it. */
const occupied = `${file}.occupied`;

async function cycle(times: number): Promise<string> {
  let violations = 0;
  for (let won = 0; won < times; ) {
    if ((await tryLock()) !== 'won') continue;
    won += 1;
    try {
      fs.closeSync(fs.openSync(occupied, 'wx'));
      // Long enough for the others to come in, if they could.
      await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
      fs.unlinkSync(occupied);
    } catch {
      violations += 1;
    }
    await lock?.release();
    lock = undefined;
  }
  return `violations ${String(violations)}`;
}

process.stdout.write('ready\n');
for await (const line of createInterface(process.stdin)) {
  if (line === 'try') process.stdout.write(`${await tryLock()}\n`);
  else if (line.startsWith('cycle ')) process.stdout.write(`${await cycle(Number(line.slice('cycle '.length)))}\n`);
  else {
    await lock?.release();
    lock = undefined;
    process.stdout.write('released\n');
  }
}
