import { existsSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa, type Options } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesOf } from './support/processes.js';
import { WORKSPACE_ROOT } from './support/scratch-node.js';

const QUICKSTART_TIMEOUT_MS = 280_000;
const isRoot = process.geteuid?.() === 0;

/** Somebody who types the README's command. */
interface Newcomer {
  readonly workspace: string;
  readonly directory: string;
  readonly run: (args: readonly string[]) => Promise<{ exitCode: number | undefined; all: string }>;
}

async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'qs-')));
  await chmod(folder, 0o755);
  return folder;
}

async function quickstart(
  command: string,
  args: readonly string[],
  options: Options,
): Promise<{ exitCode: number | undefined; all: string }> {
  const { exitCode, all } = await execa(command, args, {
    ...options,
    all: true,
    reject: false,
    stdin: 'ignore',
    timeout: QUICKSTART_TIMEOUT_MS,
  });
  return { exitCode, all: String(all) };
}

function describeTheMainJob(who: string, newcomer: () => Newcomer): void {
  describe(`npm run quickstart, as ${who}`, () => {
    test('builds, runs and shows the page; a second run changes nothing; stop leaves nothing', async () => {
      const { directory, run } = newcomer();
      const first = await run(['--directory', directory]);
      expect(first.all).toContain('<h1>Hello from my-hello</h1>');
      expect(first.exitCode).toBe(0);
      for (const command of [
        'proxy start',
        'node format',
        'supply',
        'node software',
        'request',
        'node instance',
        'service info',
      ]) {
        expect(first.all).toContain(`$ npx slapos ${command} `);
      }

      const second = await run(['--directory', directory]);
      expect(second.all).toContain('<h1>Hello from my-hello</h1>');
      expect(second.exitCode).toBe(0);
      expect(publishedUrl(second.all)).toBe(publishedUrl(first.all));

      const stopped = await run(['stop', '--directory', directory]);
      expect(stopped.exitCode, stopped.all).toBe(0);
      expect(existsSync(directory)).toBe(false);
      expect(await processesOf(directory)).toEqual([]);

      const again = await run(['stop', '--directory', directory]);
      expect(again).toMatchObject({ exitCode: 0, all: expect.stringContaining('Nothing to stop') as string });
    });
  });
}

function publishedUrl(output: string): string | undefined {
  return /\$ curl (\S+)/.exec(output)?.[1];
}

describe('whoever runs the tests', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describeTheMainJob(isRoot ? 'root' : 'an ordinary user', () => ({
    workspace: WORKSPACE_ROOT,
    directory: path.join(folder, 'node'),
    run: (args) => quickstart('npm', ['run', 'quickstart', '--', ...args], { cwd: WORKSPACE_ROOT }),
  }));
});

// Run by an ordinary user, the tests above are about an ordinary user already.
describe.runIf(isRoot)('another user than root', () => {
  const userName = `slapos-qs-${process.pid}`;
  let folder: string;
  let workspace: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    workspace = path.join(folder, 'clone');
    await execa('useradd', ['--create-home', '--home-dir', path.join(folder, 'home'), '--shell', '/bin/sh', userName]);
    // A workspace of their own, built already: what is tested here is the quickstart, not npm.
    await execa('cp', ['-a', WORKSPACE_ROOT, workspace]);
    await execa('chown', ['-R', `${userName}:`, workspace]);
  });
  afterAll(async () => {
    await execa('pkill', ['-KILL', '-u', userName], { reject: false });
    await execa('userdel', ['--remove', userName], { reject: false });
    await rm(folder, { recursive: true, force: true });
  });

  describeTheMainJob('an ordinary user', () => ({
    workspace,
    directory: path.join(workspace, '.slapos'),
    run: (args) =>
      quickstart(
        'setpriv',
        ['--reuid', userName, '--regid', userName, '--init-groups', 'npm', 'run', 'quickstart', '--', ...args],
        {
          cwd: workspace,
          env: { HOME: path.join(folder, 'home'), USER: userName, LOGNAME: userName },
        },
      ),
  }));
});
