import { mkdtemp, realpath, rm, chmod } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createScriptedBuilder, startStandalone } from '@slapos/standalone';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WORKSPACE_ROOT } from './support/scratch-node.js';

const EXAMPLES = path.join(WORKSPACE_ROOT, 'examples');
const USER = process.geteuid?.() === 0 ? 'nobody' : undefined;
const USER_OPTION = USER === undefined ? [] : ['--user', USER];

const run = (example: string, ...args: string[]) =>
  execa(process.execPath, [path.join(EXAMPLES, example), ...args], { reject: false, stdin: 'ignore' });

describe('the examples', () => {
  let folder = '';
  let helloWeb = '';
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'examples-')));
    await chmod(folder, 0o755);
    const tool = path.join(WORKSPACE_ROOT, 'tools/examples/install.mjs');
    helloWeb = (await execa(process.execPath, [tool, 'hello-web', folder])).stdout.trim();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('run a node, from building to answering', async () => {
    const { exitCode, stdout, stderr } = await run('run-a-node/main.mjs', helloWeb, ...USER_OPTION);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/slappart0: build\n[^]*is RUNNING\nit has published (http:\S+)\n[^]*Hello/);
    expect(exitCode).toBe(0);
    const [, url = ''] = /it has published (http:\S+)/.exec(stdout) ?? [];
    await expect(fetch(url)).rejects.toThrow(); // Nothing is left.
  });

  test('run a node, and say why a release cannot be built', async () => {
    const { exitCode, stderr } = await run('run-a-node/main.mjs', path.join(folder, 'missing.cfg'), ...USER_OPTION);
    expect(stderr).toMatch(/The software pass failed: .*missing\.cfg[^]*exitstatus: 1 output:/);
    expect(exitCode).toBe(1);
  });

  test('request an instance', async () => {
    const release = 'https://sr.example/web/software.cfg';
    const builder = createScriptedBuilder({
      [release]: { instantiate: ({ publish }) => publish({ url: 'https://published.example/' }) },
    });
    await using node = await startStandalone({ builder, format: 1, user: USER });
    await node.supply(release);
    await node.buildSoftware();
    await using _auto = node.auto({ everyMs: 50 });
    const { stdout, exitCode } = await run('request-an-instance/main.mjs', node.masterUrl, release);
    expect(stdout).toBe('https://published.example/');
    expect(exitCode).toBe(0);
  });

  test('request an instance, and say why that is not possible', async () => {
    const { stderr, exitCode } = await run('request-an-instance/main.mjs', 'http://127.0.0.1:1', 'x');
    expect(stderr).toMatch(/Cannot reach the master.*ECONNREFUSED[^]*Check the URL/);
    expect(exitCode).toBe(1);
  });

  test('embed the proxy in a vitest suite', async () => {
    const vitest = path.join(WORKSPACE_ROOT, 'node_modules/.bin/vitest');
    const { stdout } = await execa(vitest, ['run', '--root', path.join(EXAMPLES, 'proxy-in-vitest')], {
      env: { NO_COLOR: '1' },
    });
    expect(stdout).toMatch(/Tests +3 passed/);
  });

  test('write a promise', async () => {
    const { stdout, stderr, exitCode } = await run('write-a-promise/main.mjs', ...USER_OPTION);
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^free-memory: good: \d+ MB of memory are free\nfree-memory: failed: only \d+ MB of memory are free, 1000000000 are needed$/,
    );
    expect(exitCode).toBe(0);
  });
});
