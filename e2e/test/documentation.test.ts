import { readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConsoleSession, matchesShown, readShownCommands } from './support/console-session.js';
import { WORKSPACE_ROOT } from './support/scratch-node.js';

const isRoot = process.geteuid?.() === 0;
const userName = isRoot ? `slapos-doc-${process.pid}` : os.userInfo().username;

let folder: string;
let userId: number;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'doc-')));
  await chmod(folder, 0o755);
  await mkdir(path.join(folder, 'clone'));
  await mkdir(path.join(folder, 'bin'));
  const clone = isRoot ? path.join(folder, 'clone') : WORKSPACE_ROOT;
  const slapos = path.join(folder, 'bin/slapos');
  await writeFile(slapos, `#!/bin/sh\nexec ${process.execPath} ${clone}/packages/cli/bin/run.js "$@"\n`);
  await chmod(slapos, 0o755);
  if (!isRoot) return;
  await execa('useradd', ['--no-create-home', '--home-dir', folder, userName]);
  userId = Number((await execa('id', ['-u', userName])).stdout);
});

afterAll(async () => {
  if (isRoot) {
    await execa('pkill', ['-KILL', '-u', userName], { reject: false });
    await execa('userdel', [userName], { reject: false });
  }
  await rm(folder, { recursive: true, force: true });
});

/** A home for the reader of a page, in which our packages are installed. */
async function makeHome(name: string): Promise<string> {
  const home = path.join(folder, name);
  await mkdir(home);
  await symlink(
    path.join(isRoot ? path.join(folder, 'clone') : WORKSPACE_ROOT, 'node_modules'),
    path.join(home, 'node_modules'),
  );
  if (isRoot) await chown(home, userId, userId);
  return home;
}

/** As root the pages, which are about ordinary users, are read by one, who may not be able to enter our clone where it lies. */
function asReader(): string[] {
  if (!isRoot) return [];
  const clone = path.join(folder, 'clone');
  const reader = ['setpriv', '--reuid', userName, '--regid', userName, '--init-groups'];
  return ['unshare', '--mount', 'sh', '-ec', `mount --bind '${WORKSPACE_ROOT}' '${clone}'\nexec "$@"`, 'sh', ...reader];
}

/** Whatever page shows commands. */
const pages = readdirSync(path.join(WORKSPACE_ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => path.join('docs', name))
  .filter((page) => readFileSync(path.join(WORKSPACE_ROOT, page), 'utf8').includes('\n```console\n'));

test('pages with commands are found', () => {
  expect(pages).toEqual(expect.arrayContaining(['docs/tutorial.md', 'docs/how-to/look-after-a-node.md']));
});

// Each page has a reader, a folder and ports of its own, and waits most of the time.
test.concurrent.for(pages)('what %s shows is what happens', async (page, { expect }) => {
  const home = await makeHome(path.basename(page, '.md'));
  await using session = new ConsoleSession({
    directory: home,
    prefix: asReader(),
    env: {
      HOME: home,
      USER: userName,
      PATH: `${path.join(folder, 'bin')}:${path.dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`,
      CLONE: isRoot ? path.join(folder, 'clone') : WORKSPACE_ROOT,
      LANG: 'C.UTF-8',
    },
  });
  for (const { command, expected } of await readShownCommands(path.join(WORKSPACE_ROOT, page))) {
    const { output, exitCode } = await session.type(command);
    expect(exitCode, `$ ${command}\n${output}`).toBe(0);
    if (!matchesShown(expected, output)) expect(output, `$ ${command}`).toBe(expected.join('\n'));
  }
});
