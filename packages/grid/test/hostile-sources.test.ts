import { chmod, chown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { createLinuxHost, silentLogger, UntrustedDirectory, type UserIdentity } from '@slapos/host';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { noteGitRevision } from '../src/software/local-source.js';
import { copyNetrc } from '../src/software/netrc.js';
import { Harness } from './support/harness.js';
import { isRoot, SOFTWARE_USER } from './support/node.js';

const SECRET = 'machine example.org password of-root';

let directory: string;
/** As root somebody else; else ourselves, and then there is nobody to protect. */
let user: UserIdentity | undefined;
const host = createLinuxHost();

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'grid-sources-'));
  await chmod(directory, 0o755);
  user = isRoot ? await host.users.byName(SOFTWARE_USER) : undefined;
});
afterEach(() => rm(directory, { recursive: true }));

async function folderOfUser(name: string): Promise<string> {
  const folder = path.join(directory, name);
  await mkdir(folder);
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  return folder;
}

test.runIf(isRoot)('a repository whose configuration names programs runs none of them as root', async () => {
  const repository = await folderOfUser('repository');
  const traces = await folderOfUser('traces');
  const evil = path.join(repository, 'evil.sh');
  // It leaves a file that is called like the user who ran it.
  await writeFile(evil, `#!/bin/sh\ntouch ${traces}/$(id -u)\ncat\n`, { mode: 0o755 });
  await writeFile(path.join(repository, 'software.cfg'), '[buildout]\n');
  const { uid, gid } = user ?? { uid: 0, gid: 0 };
  const git = (...args: string[]): Promise<unknown> =>
    execa('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', ...args], {
      cwd: repository,
      uid,
      gid,
      env: { HOME: repository },
    });
  await git('init', '-q');
  await git('add', '.');
  await git('commit', '-q', '-m', 'first');
  await writeFile(path.join(repository, '.gitattributes'), '* filter=evil diff=evil\n');
  for (const key of ['core.fsmonitor', 'core.pager', 'core.sshCommand', 'diff.evil.textconv', 'filter.evil.clean'])
    await git('config', key, evil);
  await writeFile(path.join(repository, 'software.cfg'), '[buildout]\nparts =\n');
  await using release = await UntrustedDirectory.open(await folderOfUser('release'));
  await release.writeAtomic('buildout.cfg', '[buildout]\n', { uid, gid });

  await noteGitRevision({ host, logger: silentLogger }, release, path.join(repository, 'software.cfg'), user);
  expect(await release.readText('buildout.cfg')).toMatch(/^# .* git revision: heads\/\S+-dirty$/m);
  expect(await readdir(traces)).not.toContain('0');
});

describe('the credentials of the software user', () => {
  test('are read as that user: a link to a file of root discloses nothing', async () => {
    const home = await folderOfUser('home');
    const secret = path.join(directory, 'secret');
    await writeFile(secret, SECRET, { mode: isRoot ? 0o600 : 0o000 });
    await symlink(secret, path.join(home, '.netrc'));
    await using release = await UntrustedDirectory.open(await folderOfUser('release'));
    await copyNetrc(hostWithHome(home), release, user?.uid ?? process.getuid?.() ?? 0, user);
    expect(await release.list()).toEqual([]);
  });

  test('replace a link in the release, and are for nobody else', async () => {
    const home = await folderOfUser('home');
    await writeFile(path.join(home, '.netrc'), 'machine a password b\n');
    const folder = await folderOfUser('release');
    const outside = path.join(directory, 'made-by-root');
    await symlink(outside, path.join(folder, '.netrc'));
    await using release = await UntrustedDirectory.open(folder);
    await copyNetrc(hostWithHome(home), release, user?.uid ?? process.getuid?.() ?? 0, user);
    expect(await release.stat('.netrc')).toMatchObject({ type: 'file', mode: 0o600, ...(user && { uid: user.uid }) });
    expect(await release.readText('.netrc')).toBe('machine a password b\n');
    expect(await readdir(directory)).not.toContain('made-by-root');
  });
});

test('a partition that is called like a path is refused before anything is touched', async () => {
  await using harness = await Harness.create();
  const hostile = [
    '../../etc',
    '..',
    '.',
    '',
    'a/b',
    '/etc',
    'a\nb',
    '-rf',
    'x'.repeat(100),
    'slappart0\u0000',
    '%(x)s',
  ];
  const before = await readdir(harness.node.directory, { recursive: true });
  for (const partitionId of hostile) {
    harness.request({ partitionId, softwareReleaseUrl: 'http://example.org/software.cfg' });
  }
  const { items } = await harness.runInstance();
  const refused = items.filter(({ outcome }) => outcome === 'failed').map((item) => item.partitionId);
  expect(refused.toSorted()).toEqual(hostile.toSorted());
  for (const { error } of items) expect(error).toMatchObject({ code: 'GRID_INVALID_VALUE' });
  // What a node keeps for itself may be there now, and nothing else.
  const made = (await readdir(harness.node.directory, { recursive: true })).filter((name) => !before.includes(name));
  expect(made.filter((name) => !/^[^/]+\/(?:etc|var|sv\.sock)/.test(name))).toEqual([]);
});

/** The machine, but for the home of the user. */
function hostWithHome(home: string): Parameters<typeof copyNetrc>[0] {
  return {
    commands: host.commands,
    users: {
      ...host.users,
      byUid: async (uid: number) => {
        const entry = await host.users.byUid(uid);
        return entry === undefined ? undefined : { ...entry, home };
      },
    },
  };
}
