import { afterAll, describe, expect, test } from 'vitest';

import { DryRunCommandRunner, LinuxCommandRunner, LinuxUserDatabase, type CommandRunner } from '../src/index.js';
import { MemoryCommandRunner } from '../src/testing.js';

const linux = new LinuxCommandRunner({ users: new LinuxUserDatabase() });
afterAll(() => linux[Symbol.asyncDispose]());

/** What the programs of the contract do, for the adapter that runs none. */
const script = ({ file, args }: { readonly file: string; readonly args: readonly string[] }) => {
  if (file === 'echo') return { output: `${args.join(' ')}\n` };
  return file === 'false' ? { exitCode: 1 } : undefined;
};

const runners: [string, () => CommandRunner][] = [
  ['the machine’s', () => linux],
  ['scripted, in memory', () => new MemoryCommandRunner(script)],
  ['a dry run that lets reading through', () => new DryRunCommandRunner(linux, () => true)],
];

describe.each(runners)('a command runner: %s', (_, make) => {
  test('gives status, output and lines', async () => {
    const lines: string[] = [];
    const result = await make().run({ file: 'echo', args: ['one', 'two'], onLine: (line) => lines.push(line) });
    expect(result).toMatchObject({ exitCode: 0, signal: null, output: 'one two\n', stderr: '', timedOut: false });
    expect(lines).toEqual(['one two']);
    expect((await make().run({ file: 'false', args: [] })).exitCode).toBe(1);
    expect((await make().run({ file: 'true', args: [] })).output).toBe('');
  });

  test('starts nothing when it is too late', async () => {
    const signal = AbortSignal.abort();
    await expect(make().run({ file: 'true', args: [] }, { signal })).rejects.toMatchObject({
      code: 'HOST_COMMAND_ABORTED',
    });
  });
});

test('a dry run records what it does not run', async () => {
  const runner = new DryRunCommandRunner(linux, (command) => command.file === 'echo');
  expect(await runner.run({ file: '/no/such/program', args: ['x'] })).toMatchObject({ exitCode: 0, output: '' });
  expect((await runner.run({ file: 'echo', args: ['read'] })).output).toBe('read\n');
  expect(runner.commands).toEqual([{ file: '/no/such/program', args: ['x'] }]);
  const signal = AbortSignal.abort();
  await expect(runner.run({ file: 'true', args: [] }, { signal })).rejects.toMatchObject({
    code: 'HOST_COMMAND_ABORTED',
  });
});
