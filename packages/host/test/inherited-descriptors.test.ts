import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';

import { expect, test } from 'vitest';

import { buildPrograms } from './support/programs.js';

test('a shell that leaves descriptors open gives them to no command', async () => {
  const { descriptors: program = '' } = await buildPrograms('descriptors');
  const script = `exec 3</etc/hostname 4</etc/hostname 20</etc/hostname 37>/dev/null; exec "$@"`;
  const run = (...words: string[]): unknown =>
    JSON.parse(execFileSync('bash', ['-c', script, 'bash', process.execPath, program, ...words], { encoding: 'utf8' }));
  // Node.js closes the low ones itself, but passes on what it inherited above: 20 and 37.
  expect(run('library')).toEqual({ inherited: expect.arrayContaining([20, 37]) as unknown, seen: '0 1 2 3' });
  expect(run('program')).toEqual({ inherited: [], seen: '0 1 2 3' });
  expect(run('program', '--cfg=/dev/fd/20')).toEqual({ inherited: [20], seen: '0 1 2 3' });
});

test('a child of fork keeps its channel', async () => {
  const { descriptors: program = '' } = await buildPrograms('descriptors');
  const child = fork(program, ['program'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  child.stdout?.resume();
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(0);
});
