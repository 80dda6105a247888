import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { expect, test } from 'vitest';

import { isProcessAlive } from '../src/index.js';
import { buildPrograms } from './support/programs.js';

test('an agent that is killed takes its commands along, with children in other sessions', async () => {
  const { 'run-and-wait': program = '' } = await buildPrograms('run-and-wait');
  const script = `trap '' HUP TERM; setsid sleep 1001 & echo $!; sleep 1002 & echo $!; echo $$; wait`;
  const agent = spawn(process.execPath, [program, script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pids: number[] = [];
  for await (const line of createInterface(agent.stdout)) {
    pids.push(Number(line));
    if (pids.length === 3) break;
  }
  for (const pid of pids) expect(isProcessAlive(pid)).toBe(true);
  agent.kill('SIGKILL');
  await once(agent, 'exit');
  for (const pid of pids) await expect.poll(() => isProcessAlive(pid)).toBe(false);
});
