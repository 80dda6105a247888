import { chmod, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa, type Options } from 'execa';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderBesidePackages } from './support/installed-packages.js';
import { processesOf } from './support/processes.js';
import { WORKSPACE_ROOT } from './support/scratch-node.js';
import { waitFor } from './support/wait-for.js';

const IS_ROOT = process.geteuid?.() === 0;

/** Starts a program as somebody who may do nothing special, whoever runs the tests. */
function unprivileged(file: string, args: readonly string[], options: Options) {
  const words = [
    '--reuid',
    'nobody',
    '--regid',
    'nogroup',
    '--clear-groups',
    '--no-new-privs',
    process.execPath,
    file,
    ...args,
  ];
  return IS_ROOT ? execa('setpriv', words, options) : execa(process.execPath, [file, ...args], options);
}

describe('the packed standalone node, in an empty folder, without privileges', () => {
  let folder = '';
  let scratch = '';
  beforeAll(async () => {
    folder = await folderBesidePackages('s');
    // Where sockets are has to have a short name.
    scratch = await realpath(await mkdtemp(path.join(os.tmpdir(), 'standalone-')));
    await chmod(scratch, 0o1777);
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  const inScratch = (options: Options = {}): Options => ({
    cwd: scratch,
    env: { TMPDIR: scratch, HOME: scratch, NODE_OPTIONS: '' },
    ...options,
  });

  /** A program that begins with the first example of the README. */
  async function writeProgram(name: string, rest: string): Promise<string> {
    const readme = await readFile(path.join(WORKSPACE_ROOT, 'packages/standalone/README.md'), 'utf8');
    const [, example = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(readme) ?? [];
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const file = path.join(folder, name);
    await writeFile(file, ts.transpileModule(`${example}\n${rest}`, { compilerOptions }).outputText);
    return file;
  }

  test('runs the example of its README, twice at once', async () => {
    const file = await writeProgram('example.mjs', 'console.log(JSON.stringify(await runSleeper()));');
    const outcomes = await Promise.all([1, 2].map(() => unprivileged(file, [], inScratch())));
    for (const { stdout } of outcomes) {
      expect(JSON.parse(String(stdout))).toEqual({
        services: [expect.stringMatching(/^(?:STARTING|RUNNING)$/)],
        published: { 'sleeps-for': '3600 s' },
      });
    }
    expect(await readdir(scratch)).toEqual([]);
    expect(await processesOf(scratch)).toEqual([]);
  });

  test('ends with its program, also when that is killed', async () => {
    const file = await writeProgram(
      'ended.mjs',
      `const node = await startStandalone({ builder, format: 1 });
       await node.supply(SLEEPER);
       await node.buildSoftware();
       await node.request({ softwareReleaseUrl: SLEEPER, partitionReference: 'a', parameters: { seconds: '3600' } });
       await node.processInstances({ retries: 20 });
       process.kill(process.pid, 'SIGKILL');`,
    );
    const { signal } = await unprivileged(file, [], inScratch({ reject: false }));
    expect(signal).toBe('SIGKILL');
    await waitFor('all processes to end', async () => (await processesOf(scratch)).length === 0);
    expect(await readdir(scratch)).toEqual([]);
  });

  test('is taken up again after its program was killed, when it is to be left running', async () => {
    const directory = path.join(scratch, 'n');
    const file = await writeProgram(
      'killed.mjs',
      `const onClose = process.argv[2] === 'die' ? 'leave' : 'stop';
       const node = await startStandalone({ builder, directory: ${JSON.stringify(directory)}, format: 1, onClose });
       await node.supply(SLEEPER);
       await node.buildSoftware();
       const instance = await node.request({ softwareReleaseUrl: SLEEPER, partitionReference: 'a', parameters: { seconds: '3600' } });
       await node.processInstances({ retries: 20 });
       const [service] = await instance.services();
       console.log(JSON.stringify({ pid: service?.pid, masterUrl: node.masterUrl }));
       if (process.argv[2] === 'die') process.kill(process.pid, 'SIGKILL');
       await node[Symbol.asyncDispose]();`,
    );
    const killed = await unprivileged(file, ['die'], inScratch({ reject: false }));
    expect(killed.exitCode).not.toBe(0);
    const before = JSON.parse(String(killed.stdout)) as { pid: number; masterUrl: string };
    expect(before.pid).toBeGreaterThan(0);
    const { stdout } = await unprivileged(file, [], inScratch());
    expect(JSON.parse(String(stdout))).toEqual(before); // The service went on, at the same master.
    await waitFor('all processes to end', async () => (await processesOf(scratch)).length === 0);
  });

  test('runs the example of its README for node:test', async () => {
    const readme = await readFile(path.join(WORKSPACE_ROOT, 'packages/standalone/README.md'), 'utf8');
    const [, example = ''] = /^```js\n([\s\S]*?)^```$/m.exec(readme) ?? [];
    const file = path.join(folder, 'example.test.mjs');
    await writeFile(file, example);
    const { stdout } = await unprivileged('--test', ['--test-reporter=tap', file], inScratch());
    expect(stdout).toContain('# pass 1');
    expect(stdout).toContain('# fail 0');
  });
});
