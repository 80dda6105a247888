import { chmod, copyFile, mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { softwareReleaseHash } from '@slapos/grid';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

import { assertSoundSoftware, checkSoftware } from '../src/testing.js';
import { scratchFolder } from './support/scratch-folder.js';

const RELEASE = 'https://sr.example/checked/software.cfg';

async function aRelease() {
  const scratch = await scratchFolder();
  const softwareRoot = path.join(scratch.path, 'soft');
  const folder = path.join(softwareRoot, softwareReleaseHash(RELEASE));
  await mkdir(path.join(folder, 'bin'), { recursive: true });
  return {
    softwareRoot,
    folder,
    options: { softwareRoot, softwareReleaseUrl: RELEASE },
    scratch,
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

/** A program, linked with a library in a folder of its own. */
async function compile(program: string, libraryFolder: string): Promise<string> {
  await mkdir(libraryFolder, { recursive: true });
  const library = path.join(libraryFolder, 'libown.so');
  const compiler = ['-x', 'c', '-'];
  await execa('gcc', ['-shared', '-fPIC', '-o', library, ...compiler], { input: 'int answer(void) { return 42; }' });
  const source = 'int answer(void); int main(void) { return answer() != 42; }';
  await execa('gcc', ['-o', program, ...compiler, `-L${libraryFolder}`, '-lown', `-Wl,-rpath,${libraryFolder}`], {
    input: source,
  });
  return library;
}

describe('a built release', () => {
  test('that uses only its own libraries and those of every Linux is sound', async () => {
    await using release = await aRelease();
    await compile(path.join(release.folder, 'bin/own'), path.join(release.folder, 'parts/own/lib'));
    await copyFile('/bin/true', path.join(release.folder, 'bin/true'));
    await writeFile(path.join(release.folder, 'bin/script'), '#!/bin/sh\n', { mode: 0o755 });
    await symlink('/nowhere', path.join(release.folder, 'bin/dangling'));
    expect(await checkSoftware(release.options)).toEqual([]);
    await assertSoundSoftware(release.options);
  });

  test('whose library is gone is not', async () => {
    await using release = await aRelease();
    const program = path.join(release.folder, 'bin/own');
    await rm(await compile(program, path.join(release.folder, 'parts/own/lib')));
    expect(await checkSoftware(release.options)).toEqual([
      { kind: 'missing-library', file: program, message: `${program} has some not found libraries: libown.so` },
    ]);
  });

  test('that uses a library from elsewhere is not, unless it is a shared part', async () => {
    await using release = await aRelease();
    const program = path.join(release.folder, 'bin/own');
    const shared = path.join(release.scratch.path, 'shared');
    const library = await compile(program, path.join(shared, 'own/hash/lib'));
    const [finding] = await checkSoftware(release.options);
    expect(finding).toEqual({
      kind: 'system-library',
      file: program,
      message: `${program} uses system library ${await realpath(library)} for libown.so`,
    });
    await expect(assertSoundSoftware(release.options)).rejects.toMatchObject({
      code: 'STANDALONE_UNSOUND_SOFTWARE',
      message: expect.stringContaining('uses system library') as string,
    });
    expect(await checkSoftware({ ...release.options, sharedParts: [shared] })).toEqual([]);
    await writeFile(path.join(release.folder, 'buildout.cfg'), `[buildout]\nshared-part-list =\n  ${shared}\n`);
    expect(await checkSoftware(release.options)).toEqual([]);
  });

  test('is looked through wherever its parts are', async () => {
    await using release = await aRelease();
    const part = path.join(release.scratch.path, 'shared/own/hash');
    await mkdir(path.join(part, 'bin'), { recursive: true });
    const program = path.join(part, 'bin/own');
    await rm(await compile(program, path.join(part, 'lib')));
    await writeFile(
      path.join(release.folder, '.installed.cfg'),
      `[own]\n__buildout_installed__ = \n  ${part}\nlocation = ${part}\n`,
    );
    await writeFile(
      path.join(release.folder, 'buildout.cfg'),
      `[buildout]\nshared-part-list = ${path.dirname(path.dirname(part))}\n`,
    );
    await writeFile(path.join(part, '.buildout-shared.json'), JSON.stringify({ path: release.folder }));
    expect(await checkSoftware(release.options)).toEqual([
      expect.objectContaining({ kind: 'missing-library', file: program }),
      {
        kind: 'shared-part-refers-to-release',
        file: part,
        message: `Shared part is referencing non shared part or software ${part}`,
      },
    ]);
  });

  test('may bring what others have built, and files that are no programs', async () => {
    await using release = await aRelease();
    const folder = path.join(release.folder, 'parts/firefox-115');
    await mkdir(folder, { recursive: true });
    await rm(await compile(path.join(folder, 'firefox'), path.join(folder, 'lib')));
    const data = path.join(release.folder, 'bin/data');
    await copyFile(path.join(folder, 'firefox'), data);
    await chmod(data, 0o644);
    expect(await checkSoftware(release.options)).toEqual([]);
  });
});
