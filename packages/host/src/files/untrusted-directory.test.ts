import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { HostError } from '../errors.js';
import { UntrustedDirectory } from './untrusted-directory.js';

let root: string;
let folder: string;
let outside: string;
let directory: UntrustedDirectory;

beforeEach(async () => {
  root = fs.mkdtempSync(path.join(tmpdir(), 'host-untrusted-'));
  folder = path.join(root, 'partition');
  outside = path.join(root, 'outside');
  fs.mkdirSync(folder);
  fs.mkdirSync(outside);
  fs.writeFileSync(path.join(outside, 'canary'), 'alive');
  directory = await UntrustedDirectory.open(folder);
});
afterEach(async () => {
  await directory[Symbol.asyncDispose]();
  fs.rmSync(root, { recursive: true, force: true });
});

const inside = (name: string): string => path.join(folder, name);
const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'nothing';
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    expect(error.message).toContain(folder);
    return error.code;
  }
};

describe('reading', () => {
  test('an absent file is undefined', async () => {
    expect(await directory.readText('absent')).toBeUndefined();
    expect(await directory.stat('absent')).toBeUndefined();
    expect(await directory.exists('absent')).toBe(false);
    expect(await directory.readLink('absent')).toBeUndefined();
  });

  test('refuses what is larger than the limit, also a sparse file', async () => {
    fs.writeFileSync(inside('exact'), 'x'.repeat(100));
    expect(await directory.readText('exact', { maxBytes: 100 })).toHaveLength(100);
    expect(await codeOf(directory.readText('exact', { maxBytes: 99 }))).toBe('HOST_FILE_TOO_LARGE');
    fs.writeFileSync(inside('sparse'), '');
    fs.truncateSync(inside('sparse'), 2 ** 40);
    expect(await codeOf(directory.readText('sparse'))).toBe('HOST_FILE_TOO_LARGE');
  });

  test('can read the end of a long file', async () => {
    fs.writeFileSync(inside('long'), 'abcdefgh');
    expect(await directory.readText('long', { maxBytes: 3, tail: true })).toBe('fgh');
    expect(await directory.readText('long', { maxBytes: 8, tail: true })).toBe('abcdefgh');
    expect(await directory.readText('long', { maxBytes: 100, tail: true })).toBe('abcdefgh');
    expect(await directory.readText('long', { maxBytes: 3, from: 4 })).toBe('efg');
    expect(await directory.readText('long', { maxBytes: 100, from: 6 })).toBe('gh');
    expect(await directory.readText('long', { from: 9 })).toBe('');
  });

  test('can refuse hard links and other owners', async () => {
    fs.linkSync(path.join(outside, 'canary'), inside('hard'));
    expect(await directory.readText('hard')).toBe('alive');
    expect(await codeOf(directory.readText('hard', { singleLink: true }))).toBe('HOST_UNTRUSTED_ENTRY');
    expect(await codeOf(directory.readText('hard', { expectedUid: 4_000_000 }))).toBe('HOST_UNTRUSTED_ENTRY');
  });

  test('lists sorted names and refuses too many', async () => {
    for (const name of ['b', 'a', '.hidden']) fs.writeFileSync(inside(name), '');
    expect(await directory.list()).toEqual(['.hidden', 'a', 'b']);
    expect(await codeOf(directory.list({ maxEntries: 2 }))).toBe('HOST_UNTRUSTED_ENTRY');
  });
});

describe('writing', () => {
  test('sets content, mode and nothing else, whatever the umask', async () => {
    await directory.writeAtomic('file', 'content', { mode: 0o4755 });
    expect(await directory.stat('file')).toMatchObject({ type: 'file', mode: 0o4755, size: 7, linkCount: 1 });
    expect(fs.readdirSync(folder)).toEqual(['file']);
  });

  test('replaces a link, a hard link and a FIFO, not what they lead to', async () => {
    const canary = path.join(outside, 'canary');
    fs.symlinkSync(canary, inside('link'));
    fs.linkSync(canary, inside('hard'));
    execFileSync('mkfifo', [inside('fifo')]);
    for (const name of ['link', 'hard', 'fifo']) {
      await directory.writeAtomic(name, 'new');
      expect(await directory.readText(name, { singleLink: true })).toBe('new');
    }
    expect(fs.readFileSync(canary, 'utf8')).toBe('alive');
    expect(fs.statSync(canary).nlink).toBe(1);
  });

  test('a folder of that name is an error and leaves no temporary file', async () => {
    fs.mkdirSync(inside('folder'));
    expect(await codeOf(directory.writeAtomic('folder', ''))).toBe('HOST_UNTRUSTED_ENTRY');
    expect(fs.readdirSync(folder)).toEqual(['folder']);
  });

  test('leaves alone what is the same', async () => {
    expect(await directory.writeAtomicIfDifferent('file', 'a', { mode: 0o640 })).toBe(true);
    const before = fs.statSync(inside('file')).ino;
    expect(await directory.writeAtomicIfDifferent('file', 'a', { mode: 0o640 })).toBe(false);
    expect(fs.statSync(inside('file')).ino).toBe(before);
    expect(await directory.writeAtomicIfDifferent('file', 'b', { mode: 0o640 })).toBe(true);
    expect(await directory.writeAtomicIfDifferent('file', 'b', { mode: 0o600 })).toBe(true);
    fs.symlinkSync('file', inside('link'));
    expect(await directory.writeAtomicIfDifferent('link', 'b', { mode: 0o600 })).toBe(true);
    expect(await directory.readText('link')).toBe('b');
  });

  test('renames into another folder, over a link there', async () => {
    await directory.writeAtomic('file', 'x');
    fs.symlinkSync('canary', path.join(outside, 'name'));
    await using other = await UntrustedDirectory.open(outside);
    await directory.rename('file', 'name', other);
    expect(await directory.list()).toEqual([]);
    expect(await other.readText('name')).toBe('x');
    expect(await other.readText('canary')).toBe('alive');
  });

  test('stays in its folder when the folder is moved and replaced by a link', async () => {
    fs.renameSync(folder, path.join(root, 'moved'));
    fs.symlinkSync(outside, folder);
    await directory.writeAtomic('file', 'x');
    expect(fs.readdirSync(outside)).toEqual(['canary']);
    expect(fs.readFileSync(path.join(root, 'moved', 'file'), 'utf8')).toBe('x');
    fs.rmSync(folder);
  });

  test('removes what a killed writer left, and not what a live one is writing', async () => {
    const random = '0'.repeat(32);
    const startTime = fs.readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ')[19] ?? '';
    const live = `.slapos-tmp-${String(process.pid)}-${startTime}-${random}`;
    const dead = `.slapos-tmp-${String(process.pid)}-1-${random}`;
    const deadFolder = `.slapos-tmp-4194303999-1-${random}`;
    fs.writeFileSync(inside(live), '');
    fs.writeFileSync(inside(dead), '');
    fs.mkdirSync(inside(deadFolder));
    fs.symlinkSync('/', path.join(inside(deadFolder), 'link'));
    await directory.writeAtomic('file', '');
    expect(fs.readdirSync(folder).sort()).toEqual([live, 'file'].sort());
  });

  test('appends whole lines to regular files only', async () => {
    await directory.appendLine('log', 'one', { mode: 0o640 });
    await directory.appendLine('log', 'two\n');
    expect(await directory.readText('log')).toBe('one\ntwo\n');
    expect((await directory.stat('log'))?.mode).toBe(0o640);
    fs.linkSync(path.join(outside, 'canary'), inside('hard'));
    fs.symlinkSync(path.join(outside, 'canary'), inside('link'));
    execFileSync('mkfifo', [inside('fifo')]);
    for (const name of ['hard', 'link', 'fifo']) {
      expect(await codeOf(directory.appendLine(name, 'x'))).toBe('HOST_UNTRUSTED_ENTRY');
    }
    expect(fs.readFileSync(path.join(outside, 'canary'), 'utf8')).toBe('alive');
  });

  test('rotates', async () => {
    for (const [name, text] of [
      ['log', '0'],
      ['log.1', '1'],
      ['log.2', '2'],
    ] as const)
      fs.writeFileSync(inside(name), text);
    await directory.rotate('log', 2);
    expect(await directory.list()).toEqual(['log.1', 'log.2']);
    expect(await directory.readText('log.1')).toBe('0');
    expect(await directory.readText('log.2')).toBe('1');
    await directory.rotate('log', 2);
    expect(await directory.list()).toEqual(['log.2']);
    expect(await codeOf(directory.rotate('log', 0))).toBe('HOST_INVALID_ARGUMENT');
  });

  test('makes links and replaces names by them', async () => {
    await directory.symlink('software_release', '/opt/slapgrid/abc');
    await directory.symlink('software_release', '/opt/slapgrid/def');
    expect(await directory.readLink('software_release')).toBe('/opt/slapgrid/def');
    expect(await directory.list()).toEqual(['software_release']);
    fs.mkdirSync(inside('folder'));
    expect(await codeOf(directory.symlink('folder', 'x'))).toBe('HOST_UNTRUSTED_ENTRY');
    expect(await directory.list()).toEqual(['folder', 'software_release']);
  });
});

test('file and folder are flushed, and an error of that is an error', async () => {
  const flushed: string[] = [];
  const real = fs.fsync.bind(fs);
  const spy = vi
    .spyOn(fs, 'fsync')
    .mockImplementation((descriptor: number, callback: (error: Error | null) => void) => {
      flushed.push(fs.fstatSync(descriptor).isDirectory() ? 'folder' : 'file');
      real(descriptor, callback);
    });
  await directory.writeAtomic('file', 'x');
  expect(flushed).toEqual(['file', 'folder']);
  await directory.writeAtomic('file', 'y', { durable: false });
  expect(flushed).toEqual(['file', 'folder']);
  spy.mockImplementation((_: number, callback: (error: Error | null) => void) => {
    callback(Object.assign(new Error('EIO: injected'), { code: 'EIO' }));
  });
  expect(await codeOf(directory.writeAtomic('file', 'z'))).toBe('HOST_FILE_FAILED');
  spy.mockRestore();
  expect(await directory.readText('file')).toBe('y');
});

test('a call that a signal interrupted is made again', async () => {
  const real = fs.openSync.bind(fs);
  let interrupted = 0;
  const spy = vi.spyOn(fs, 'openSync').mockImplementation((...args) => {
    // Not what is read about our own process.
    if (String(args[0]).startsWith('/proc/self/fd/')) interrupted += 1;
    if (interrupted === 1) throw Object.assign(new Error('EINTR: injected'), { code: 'EINTR' });
    return real(...args);
  });
  await directory.writeAtomic('file', 'x');
  spy.mockRestore();
  expect(interrupted).toBe(2);
});

describe('folders', () => {
  test('are made once and opened without following links', async () => {
    await using made = await directory.openSubdirectory('sub', { create: true, mode: 0o750 });
    expect(await made.statSelf()).toMatchObject({ type: 'directory', mode: 0o750 });
    await using again = await directory.openSubdirectory('sub', { create: true, mode: 0o700 });
    expect((await again.statSelf()).mode).toBe(0o750);
    fs.symlinkSync(outside, inside('link'));
    expect(await codeOf(directory.openSubdirectory('link', { create: true }))).toBe('HOST_UNTRUSTED_ENTRY');
    fs.writeFileSync(inside('file'), '');
    expect(await codeOf(directory.openSubdirectory('file'))).toBe('HOST_UNTRUSTED_ENTRY');
    expect(await codeOf(directory.openSubdirectory('absent'))).toBe('HOST_FILE_FAILED');
  });

  test('that a killed process had begun to make are finished; others stay as they are', async () => {
    const modeOf = async (name: string): Promise<number> => {
      await using opened = await directory.openSubdirectory(name, { create: true, mode: 0o755 });
      return (await opened.statSelf()).mode;
    };
    fs.mkdirSync(inside('begun'), { mode: 0o700 });
    expect(await modeOf('begun')).toBe(0o755);
    // Somebody uses it, or has decided about it.
    fs.mkdirSync(path.join(inside('used'), 'x'), { recursive: true });
    fs.chmodSync(inside('used'), 0o700);
    expect(await modeOf('used')).toBe(0o700);
    fs.mkdirSync(inside('decided'));
    fs.chmodSync(inside('decided'), 0o710);
    expect(await modeOf('decided')).toBe(0o710);
    await using plain = await directory.openSubdirectory('used');
    expect((await plain.statSelf()).mode).toBe(0o700);
  });

  test('the last component of a path is never a link', async () => {
    fs.symlinkSync(folder, path.join(root, 'link'));
    await expect(UntrustedDirectory.open(path.join(root, 'link'))).rejects.toMatchObject({
      code: 'HOST_UNTRUSTED_ENTRY',
    });
  });

  test('an operator’s own links above are followed', async () => {
    fs.symlinkSync(root, path.join(root, 'srv'));
    fs.symlinkSync('srv', path.join(root, 'again'));
    await using opened = await UntrustedDirectory.open(path.join(root, 'again', 'partition'));
    expect((await opened.statSelf()).inode).toBe(fs.statSync(folder).ino);
  });

  test('loops end', async () => {
    fs.symlinkSync('loop', path.join(root, 'loop'));
    await expect(UntrustedDirectory.open(path.join(root, 'loop', 'x'))).rejects.toMatchObject({
      code: 'HOST_UNTRUSTED_ENTRY',
    });
  });

  test.each(['relative/path', '/tmp/../etc', '/tmp/\0'])('%j is refused', async (name) => {
    await expect(UntrustedDirectory.open(name)).rejects.toMatchObject({ code: 'HOST_INVALID_ARGUMENT' });
  });

  test('a closed one says so', async () => {
    const closed = await UntrustedDirectory.open(folder);
    await closed[Symbol.asyncDispose]();
    await closed[Symbol.asyncDispose]();
    expect(await codeOf(closed.list())).toBe('HOST_INVALID_ARGUMENT');
  });
});

test('attributes change on files with one name and folders only', async () => {
  await directory.writeAtomic('file', '');
  await directory.setAttributes('file', { mode: 0o644 });
  expect((await directory.stat('file'))?.mode).toBe(0o644);
  fs.linkSync(path.join(outside, 'canary'), inside('hard'));
  fs.symlinkSync(path.join(outside, 'canary'), inside('link'));
  for (const name of ['hard', 'link']) {
    expect(await codeOf(directory.setAttributes(name, { mode: 0o777 }))).toBe('HOST_UNTRUSTED_ENTRY');
  }
  expect(fs.statSync(path.join(outside, 'canary')).mode & 0o777).not.toBe(0o777);
  expect(await directory.setOwnAttributes({ mode: 0o750 })).toBe(true);
  expect(await directory.setOwnAttributes({ mode: 0o750 })).toBe(false);
});
