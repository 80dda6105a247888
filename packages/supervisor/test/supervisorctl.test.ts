import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { runSupervisorctl, supervisorPaths } from '../src/index.js';
import { Scratch } from './scratch.js';

const PROGRAMS = `[program:web]
command=sleep 600
autostart=false
startsecs=0
[program:none]
command=/nowhere/x
autostart=false
[group:pair]
programs=one,two
[program:one]
command=sleep 600
autostart=false
startsecs=0
[program:two]
command=sleep 600
autostart=false
startsecs=0
`;

/** In this order: each one sees what the ones before it left. */
const CALLS: readonly (readonly string[])[] = [
  ['status'],
  ['status', 'nope', 'web'],
  ['status', 'nope:*'],
  ['start', 'nope'],
  ['start', 'none'],
  ['start', 'nope:*'],
  ['stop', 'web'],
  ['stop', 'nope'],
  ['tail', 'nope'],
  ['version'],
];

it('prints and ends like the stock one, whose daemon is the other', async () => {
  await using scratch = await Scratch.create('embedded');
  const { includeDirectory, configuration } = supervisorPaths(scratch.instanceRoot);
  await writeFile(path.join(includeDirectory, 'test.conf'), PROGRAMS);
  const ours = async (words: readonly string[]): Promise<{ status: number; output: string }> => {
    let output = '';
    const status = await runSupervisorctl({
      instanceRoot: scratch.instanceRoot,
      words,
      print: (text) => (output += text),
    });
    return { status, output: settled(output) };
  };
  const stock = (words: readonly string[]): { status: number | null; output: string } => {
    const { status, stdout } = spawnSync('supervisorctl', ['-c', configuration, ...words], { encoding: 'utf8' });
    return { status, output: settled(stdout) };
  };
  for (const words of [['status'], ['start', 'web']]) expect(await ours(words)).toEqual(stock(words));

  await scratch.supervisor.ensureRunning();
  for (const words of CALLS) expect({ words, ...(await ours(words)) }).toEqual({ words, ...stock(words) });
  expect(await ours(['start', 'web'])).toEqual({ status: 0, output: 'web: started\n' });
  expect(await ours(['start', 'web'])).toEqual({ status: 0, output: 'web: ERROR (already started)\n' });
  expect(await ours(['start', 'pair:*'])).toEqual({ status: 0, output: 'pair:one: started\npair:two: started\n' });
  expect(await ours(['restart', 'web'])).toEqual({ status: 0, output: 'web: stopped\nweb: started\n' });
  expect((await ours(['status', 'web'])).output).toMatch(/^web {30}RUNNING {3}pid \d+, uptime 0:00:0\d\n$/);
  expect(await ours(['stop', 'pair:one'])).toEqual({ status: 0, output: 'pair:one: stopped\n' });
  expect(await ours(['start'])).toMatchObject({ status: 2 });
}, 60_000);

/** The watchdog, which has no command here, is on its way to FATAL. */
function settled(output: string): string {
  return output.replace(/^watchdog .*\n/m, '');
}
