import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { findProgram, renderNetworkChange, UntrustedDirectory } from '../../src/index.js';
import { MemoryAccounts } from '../../src/testing.js';

/** Names that are not the name of one entry: each way up, down, out or through, in each disguise. */
const TARGETS = ['etc/passwd', 'x', '..', 'slappart1/secret', ''] as const;
const LEADS = [
  '/',
  './',
  '../',
  '../../',
  '..//',
  '.../../',
  'a/../../',
  'a/./',
  '//',
  '/../',
  '\u2026/',
  'a\\../',
  '..;/',
  '%2e%2e/',
  '.\u0000/',
  '\n/',
];
const TRAVERSALS = LEADS.flatMap((lead) => TARGETS.map((target) => lead + target));
const NULS = ['\0', 'a\0', '\0a', 'a\0b', '..\0', 'a.cfg\0.txt', 'a\0/../b', '\0\0'];
const DOTS = ['', '.', '..', './', '../', '/', '//', '/.', '/..', './.', '../..'];
const SLASHES = [
  'a/b',
  'a/',
  '/a',
  'a//b',
  'etc/service/x',
  'proc/self/fd/0',
  '~root/x',
  'file:///etc/passwd',
  'a/\n',
  '\u202e/x',
];
const TOO_LONG = [
  'a'.repeat(256),
  'é'.repeat(128),
  '👍'.repeat(64),
  'a'.repeat(5000),
  `${'../'.repeat(100)}etc/passwd`,
];
const NOT_UNICODE = ['\ud800', 'a\udc00', '\udfff\ud800', 'x\ud83d'];
const NAMES = [...new Set([...TRAVERSALS, ...NULS, ...DOTS, ...SLASHES, ...TOO_LONG, ...NOT_UNICODE])];

let root: string;
let directory: UntrustedDirectory;
beforeAll(async () => {
  root = fs.mkdtempSync(path.join(tmpdir(), 'host-names-'));
  fs.mkdirSync(path.join(root, 'folder'));
  directory = await UntrustedDirectory.open(path.join(root, 'folder'));
});
afterAll(async () => {
  await directory[Symbol.asyncDispose]();
  fs.rmSync(root, { recursive: true });
});

const ids = { uid: 1, gid: 1 };
const OPERATIONS: Readonly<Record<string, (name: string) => Promise<unknown>>> = {
  stat: (name) => directory.stat(name),
  exists: (name) => directory.exists(name),
  readBytes: (name) => directory.readBytes(name),
  readText: (name) => directory.readText(name),
  readLink: (name) => directory.readLink(name),
  writeAtomic: (name) => directory.writeAtomic(name, ''),
  writeAtomicIfDifferent: (name) => directory.writeAtomicIfDifferent(name, ''),
  appendLine: (name) => directory.appendLine(name, ''),
  rotate: (name) => directory.rotate(name, 3),
  remove: (name) => directory.remove(name),
  'rename from': (name) => directory.rename(name, 'x'),
  'rename to': async (name) => {
    await directory.writeAtomic('x', '');
    try {
      await directory.rename('x', name);
    } finally {
      await directory.remove('x');
    }
  },
  removeTree: (name) => directory.removeTree(name),
  changeTreeOwner: (name) => directory.changeTreeOwner(name, ids),
  setAttributes: (name) => directory.setAttributes(name, { mode: 0o777 }),
  openSubdirectory: (name) => directory.openSubdirectory(name, { create: true }),
  symlink: (name) => directory.symlink(name, 'x'),
};

test('there are enough of them', () => {
  expect(NAMES.length).toBeGreaterThanOrEqual(100);
  // Every one is tried with every operation: far more inputs than the goal of 200.
  expect(NAMES.length * Object.keys(OPERATIONS).length).toBeGreaterThanOrEqual(1700);
});

test.each(Object.entries(OPERATIONS))('%s refuses all of them and touches nothing', async (_, operation) => {
  const before = fs.readdirSync(root, { recursive: true });
  for (const name of NAMES) {
    await expect(operation(name), JSON.stringify(name)).rejects.toMatchObject({ code: 'HOST_INVALID_ARGUMENT' });
  }
  expect(fs.readdirSync(root, { recursive: true })).toEqual(before);
});

test.each(NAMES.filter((name) => name !== '..' && !name.startsWith('/')))(
  '%j is no program, user, group or interface',
  async (name) => {
    await expect(findProgram(name, { mustBeTrusted: false, uid: 0 })).rejects.toMatchObject({
      code: expect.stringMatching(
        /^HOST_(INVALID_ARGUMENT|COMMAND_NOT_FOUND|COMMAND_FAILED_TO_START|FILE_FAILED)$/,
      ) as string,
    });
    const accounts = new MemoryAccounts();
    await expect(accounts.createGroup(name)).rejects.toMatchObject({ code: 'HOST_INVALID_ARGUMENT' });
    await expect(accounts.createUser({ name, group: 'x', home: '/' })).rejects.toMatchObject({
      code: 'HOST_INVALID_ARGUMENT',
    });
    expect(() => renderNetworkChange({ kind: 'setLinkUp', link: name })).toThrow(
      'is not the name of a network interface',
    );
  },
);

test('names that only look dangerous are names', async () => {
  for (const name of [
    '...',
    '..a',
    'a..',
    '-rf',
    '*',
    '$(id)',
    '%2e%2e',
    ' ',
    '\n',
    'é',
    'a'.repeat(255),
    'C:\\x',
    '~',
  ]) {
    await directory.writeAtomic(name, name);
    expect(await directory.readText(name)).toBe(name);
    expect(await directory.remove(name)).toBe(true);
  }
});
