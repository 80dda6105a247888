import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { MemoryCommandRunner } from '@slapos/host/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { findBootstrapProgram } from './bootstrap-program.js';

let directory: string;
beforeEach(async () => {
  directory = await realpath(await mkdtemp(path.join(os.tmpdir(), 'bootstrap-')));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function buildout(folder: string): Promise<string> {
  const file = path.join(directory, folder, 'buildout');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '#!/usr/bin/python3 -s\n');
  await chmod(file, 0o755);
  return file;
}

function find(folders: string[], output = '', exitCode = 0): ReturnType<typeof findBootstrapProgram> {
  const commands = new MemoryCommandRunner(() => ({ output, exitCode }));
  return findBootstrapProgram({ commands, user: undefined, configured: undefined, folders });
}

test('without any buildout the package to install is named, whatever is in place of the folders', async () => {
  await mkdir(path.join(directory, 'usr/bin'), { recursive: true });
  await symlink('usr/bin', path.join(directory, 'bin'));
  await writeFile(path.join(directory, 'file'), '');
  const folders = ['bin', 'usr/bin', 'file', 'absent'].map((name) => path.join(directory, name));
  await expect(find(folders)).rejects.toMatchObject({
    code: 'GRID_BUILDOUT_NOT_FOUND',
    hint: expect.stringContaining('apt-get install python3-zc.buildout') as string,
  });
});

test('the first that is found is used, by its own interpreter', async () => {
  const file = await buildout('b');
  await buildout('c');
  expect(
    await find(
      ['a', 'b', 'c'].map((name) => path.join(directory, name)),
      'buildout version 3',
    ),
  ).toEqual({
    file: '/usr/bin/python3',
    leadingArgs: ['-s', file],
  });
});

test('the launcher comes in between only for the names that Python has removed', async () => {
  const file = await buildout('b');
  const removed = "ImportError: cannot import name 'MutableMapping' from 'collections' (/usr/lib/python3.11)";
  const launched = await find([path.dirname(file)], removed, 1);
  expect(launched.leadingArgs.slice(0, 2)).toEqual(['-s', '-c']);
  expect(launched.leadingArgs[2]).toContain('MutableMapping');
  expect((await find([path.dirname(file)], 'some other trouble', 1)).leadingArgs).toEqual(['-s', file]);
});
