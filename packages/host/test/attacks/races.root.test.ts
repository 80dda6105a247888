import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import {
  isSlapOSError,
  LinuxCommandRunner,
  LinuxDisks,
  LinuxUserDatabase,
  removeAsOwner,
  UntrustedDirectory,
} from '../../src/index.js';
import { makeTenants, type Tenants } from '../support/tenants.js';
import { rounds, TORTURE_TIMEOUT_MS } from '../support/torture.js';

/** Each race goes on until both sides have done this many rounds; there are eight races. */
const SWAPS = rounds(10_000, 125_000);
const OPERATIONS = rounds(500, 5000);

let tenants: Tenants;
beforeAll(() => {
  tenants = makeTenants(1, 'race');
});
afterAll(() => tenants[Symbol.dispose]());

const folder = (): string => tenants.folder(0);

/**
 * The tenant's program, run as the tenant: makes the name stand for one thing after the other, as fast as it can, and counts.
 * It is handed over as text, because a tenant cannot read our folder.
 */
const SWAPPER = `
const fs = require('node:fs');
const [folder, name, canary] = process.argv.slice(1);
process.chdir(folder);
const quietly = (action) => { try { action(); } catch {} };
const clear = () => { quietly(() => fs.unlinkSync(name)); quietly(() => fs.renameSync(name, 'old-' + Math.random())); };
const kinds = [
  () => fs.symlinkSync(canary + '/file', name),
  () => fs.writeFileSync(name, 'of the tenant'),
  () => fs.symlinkSync(canary + '/new', name),
  () => fs.mkdirSync(name),
  () => { fs.mkdirSync(name); fs.symlinkSync(canary, name + '/x'); fs.writeFileSync(name + '/y', ''); },
  () => fs.symlinkSync(canary, name),
  () => fs.symlinkSync(canary + '/sub', name),
];
let swaps = 0;
for (;;) {
  for (const kind of kinds) { clear(); quietly(kind); swaps += 1; }
  // Its own leftovers would fill the disk.
  if (swaps % 70 === 0) for (const left of fs.readdirSync('.')) if (left.startsWith('old-')) quietly(() => fs.rmSync(left, { recursive: true, force: true }));
  if (swaps % 700 === 0) fs.writeSync(1, swaps + '\\n');
}
`;

let swapper: ChildProcess | undefined;
let swaps = 0;

beforeEach(async () => {
  swaps = 0;
  const user = tenants.users[0]!;
  const drop = ['--reuid', String(user.uid), '--regid', String(user.gid), '--init-groups', '--no-new-privs'];
  swapper = spawn('setpriv', [...drop, process.execPath, '-e', SWAPPER, folder(), 'target', tenants.canary.directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {},
  });
  swapper.stdout?.setEncoding('utf8').on('data', (text: string) => {
    swaps = Number(text.trim().split('\n').at(-1));
  });
  await once(swapper.stdout!, 'data');
});

afterEach(async () => {
  if (swapper?.exitCode === null) {
    const ended = once(swapper, 'exit');
    swapper.kill('SIGKILL');
    await ended;
  }
  for (const name of fs.readdirSync(folder())) fs.rmSync(path.join(folder(), name), { recursive: true, force: true });
  tenants.canary.assertUntouched();
});

const RACES: Readonly<Record<string, (directory: UntrustedDirectory) => Promise<unknown>>> = {
  reading: async (directory) => {
    expect(await directory.readText('target')).not.toBe(tenants.canary.content);
  },
  writing: (directory) => directory.writeAtomic('target', 'ours', { uid: tenants.users[0]!.uid, mode: 0o644 }),
  appending: (directory) => directory.appendLine('target', 'ours', { uid: tenants.users[0]!.uid }),
  linking: (directory) => directory.symlink('target', '/somewhere', { uid: tenants.users[0]!.uid }),
  'making a folder and writing in it': async (directory) => {
    const { uid, gid } = tenants.users[0]!;
    await using sub = await directory.openSubdirectory('target', { create: true, uid, gid });
    await sub.writeAtomic('inside', 'ours', { uid, gid });
  },
  'changing attributes': (directory) => directory.setAttributes('target', { uid: tenants.users[0]!.uid, mode: 0o777 }),
  'changing the owner of a tree': (directory) =>
    directory.changeTreeOwner('target', { uid: tenants.users[0]!.uid, gid: tenants.users[0]!.gid }),
  'removing a tree': (directory) => directory.removeTree('target'),
};

test.each(Object.entries(RACES))(
  '%s while the tenant swaps what it is',
  async (_, operation) => {
    await using directory = await UntrustedDirectory.open(folder());
    let done = 0;
    for (let tries = 0; swaps < SWAPS || tries < OPERATIONS; tries += 1) {
      try {
        await operation(directory);
        done += 1;
      } catch (error) {
        if (!isSlapOSError(error)) throw error;
      }
      await setImmediate();
      expect(swapper?.exitCode).toBeNull();
    }
    // It was a race: we did win it now and then.
    expect(done).toBeGreaterThan(0);
    tenants.canary.assertUntouched();
  },
  TORTURE_TIMEOUT_MS,
);

test('removing a tree as its owner, and the rest as root', async () => {
  const user = tenants.users[0]!;
  const tree = path.join(folder(), 'tree');
  fs.mkdirSync(path.join(tree, 'of-root'), { recursive: true });
  fs.writeFileSync(path.join(tree, 'of-root', 'file'), '');
  fs.mkdirSync(path.join(tree, 'of-tenant', 'locked'), { recursive: true });
  for (const name of ['', 'of-tenant', 'of-tenant/locked']) fs.chownSync(path.join(tree, name), user.uid, user.gid);
  fs.symlinkSync(tenants.canary.directory, path.join(tree, 'of-tenant', 'link'));
  fs.chmodSync(path.join(tree, 'of-tenant', 'locked'), 0);
  const commands = new LinuxCommandRunner({ users: new LinuxUserDatabase() });
  const removed: string[] = [];
  await using directory = await UntrustedDirectory.open(folder());
  const asOwner = removeAsOwner({ commands, disks: new LinuxDisks(), user });
  const report = await directory.removeTree('tree', {
    asOwner: async (...args) => {
      await asOwner(...args);
      removed.push(...fs.readdirSync(tree));
    },
  });
  // The owner's half went as the owner; only what it could not remove was left to root.
  expect(removed).toEqual(['of-root']);
  expect(report).toEqual({ removed: 3, finished: true });
  await commands[Symbol.asyncDispose]();
});

test('what is mounted in a tree stays, another file system and a bind mount of the same one alike', async () => {
  const tree = path.join(folder(), 'tree');
  const other = path.join(tree, 'other');
  const bound = path.join(tree, 'bound');
  for (const name of [other, bound]) fs.mkdirSync(name, { recursive: true });
  fs.writeFileSync(path.join(tree, 'file'), '');
  execFileSync('mount', ['-t', 'tmpfs', 'none', other]);
  // What is mounted can belong to the tenant as well: as its owner it could remove it.
  const precious = path.join(path.dirname(tenants.instanceRoot), 'precious');
  fs.mkdirSync(precious);
  fs.writeFileSync(path.join(precious, 'of the tenant'), '');
  const { uid, gid } = tenants.users[0]!;
  for (const name of [precious, path.join(precious, 'of the tenant'), tree]) fs.chownSync(name, uid, gid);
  execFileSync('mount', ['--bind', precious, bound]);
  const commands = new LinuxCommandRunner({ users: new LinuxUserDatabase() });
  try {
    fs.writeFileSync(path.join(other, 'precious'), '');
    await using directory = await UntrustedDirectory.open(folder());
    const asOwner = removeAsOwner({ commands, disks: new LinuxDisks(), user: tenants.users[0]! });
    for (const options of [{}, { asOwner }]) {
      await expect(directory.removeTree('tree', options)).rejects.toMatchObject({
        code: 'HOST_TREE_NOT_REMOVED',
        message: expect.stringContaining('mounted') as string,
      });
    }
    expect(fs.readdirSync(other)).toEqual(['precious']);
    expect(fs.readdirSync(precious)).toEqual(['of the tenant']);
    // Everything around it is gone.
    expect(fs.readdirSync(tree).sort()).toEqual(['bound', 'other']);
  } finally {
    execFileSync('umount', [other]);
    execFileSync('umount', [bound]);
    fs.rmSync(precious, { recursive: true });
    await commands[Symbol.asyncDispose]();
  }
});
