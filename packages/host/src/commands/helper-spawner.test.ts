import { afterAll, describe, expect, test } from 'vitest';

import { LinuxUserDatabase } from '../users/linux-user-database.js';
import { HelperSpawner } from './helper-spawner.js';
import { LinuxCommandRunner } from './linux-command-runner.js';
import { isProcessAlive, readProcessStatus } from './process-tree.js';
import { DirectSpawner, type Spawner } from './spawner.js';

const helper = new HelperSpawner();
afterAll(() => helper[Symbol.asyncDispose]());
const users = new LinuxUserDatabase();

const spawners: [string, Spawner][] = [
  ['the helper', helper],
  ['this process', new DirectSpawner()],
];

describe.each(spawners)('commands started by %s', (_, spawner) => {
  const runner = new LinuxCommandRunner({ users, spawner });

  test('end as they end, with output, errors and input', async () => {
    expect(
      await runner.run({ file: 'sh', args: ['-c', 'cat; echo bad >&2; exit 3'], input: 'text', separateStderr: true }),
    ).toMatchObject({ exitCode: 3, output: 'text', stderr: 'bad\n' });
    expect(await runner.run({ file: 'sh', args: ['-c', 'kill -9 $$'] })).toMatchObject({
      exitCode: null,
      signal: 'SIGKILL',
    });
  });

  test('are killed by time', async () => {
    const result = await runner.run({ file: 'sleep', args: ['1000'], timeoutMs: 100 });
    expect(result).toMatchObject({ timedOut: true, signal: 'SIGTERM' });
  });

  test('that cannot start are errors', async () => {
    const args = Array.from({ length: 100 }, () => 'x'.repeat(100_000));
    await expect(runner.run({ file: 'true', args })).rejects.toMatchObject({ code: 'HOST_COMMAND_FAILED_TO_START' });
  });

  test('write more than a channel holds without losing a byte', async () => {
    const bytes = 20_000_000;
    const { output } = await runner.run({
      file: 'head',
      args: ['-c', String(bytes), '/dev/zero'],
      keepOutput: 'whole',
    });
    expect(output).toHaveLength(bytes);
  });

  test('run side by side', async () => {
    const runs = Array.from({ length: 30 }, (__, index) => runner.run({ file: 'echo', args: [String(index)] }));
    const results = await Promise.all(runs);
    expect(results.map((result) => result.output.trim())).toEqual(results.map((__, index) => String(index)));
  });
});

describe('the helper', () => {
  test('that is killed takes its commands with it, and the next command gets a new one', async () => {
    const spawner = new HelperSpawner();
    const runner = new LinuxCommandRunner({ users, spawner });
    let pid = 0;
    const run = runner.run({
      file: 'sh',
      args: ['-c', 'echo $$; sleep 1000'],
      onLine: (line) => {
        pid = Number(line);
        process.kill(readProcessStatus(pid)?.parentPid ?? 0, 'SIGKILL');
      },
    });
    expect(await run).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
    await expect.poll(() => isProcessAlive(pid)).toBe(false);
    expect((await runner.run({ file: 'echo', args: ['again'] })).output).toBe('again\n');
    await spawner[Symbol.asyncDispose]();
  });

  test('passes on three descriptors, whatever it and we inherited', async () => {
    const runner = new LinuxCommandRunner({ users, spawner: helper });
    const { output } = await runner.run({ file: 'ls', args: ['/proc/self/fd'] });
    // The fourth is the folder that ls itself reads.
    expect(output.trim().split('\n')).toEqual(['0', '1', '2', '3']);
  });
});
