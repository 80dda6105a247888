import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { LinuxCommandRunner, LinuxUserDatabase, type Command, type UserIdentity } from '../../src/index.js';
import { DirectSpawner, type Spawner } from '../../src/commands/spawner.js';
import { HelperSpawner } from '../../src/commands/helper-spawner.js';
import { PRIVILEGE_PROBE_COUNT, PRIVILEGE_PROBES } from '../../src/testing.js';
import { makeTenants, type Tenants } from '../support/tenants.js';

let tenants: Tenants;
let setuidProgram: string;
const helper = new HelperSpawner();

beforeAll(() => {
  tenants = makeTenants(2, 'priv');
  fs.writeFileSync(path.join(tenants.folder(1), 'secret'), 'of the other tenant', { mode: 0o640 });
  fs.chownSync(path.join(tenants.folder(1), 'secret'), tenants.users[1]!.uid, tenants.users[1]!.gid);
  // What a careless administrator may leave behind: a program of root with the set-user-id bit.
  setuidProgram = path.join(path.dirname(tenants.instanceRoot), 'setuid-id');
  fs.copyFileSync('/usr/bin/id', setuidProgram);
  fs.chmodSync(setuidProgram, 0o4755);
});
afterAll(async () => {
  await helper[Symbol.asyncDispose]();
  tenants[Symbol.dispose]();
});

const spawners: [string, Spawner][] = [
  ['by this process', new DirectSpawner()],
  ['by the helper', helper],
];
const variants: [string, Partial<Command>][] = [
  ['plain', { separateStderr: true }],
  ['with a umask and one stream', { umask: 0o027 }],
  ['with limits', { limits: { openFiles: 500, processes: 500 } }],
  ['that dies with us', { dieWithUs: true }],
];

describe.each(spawners)('a command started %s', (_, spawner) => {
  const environment = { SECRET_OF_THE_AGENT: 'x', LD_PRELOAD: '/x.so', http_proxy: 'http://proxy', EXTRA: 'passed' };
  const runner = new LinuxCommandRunner({
    users: new LinuxUserDatabase(),
    spawner,
    environment,
    environmentPass: ['EXTRA'],
  });
  const asTenant = (command: Partial<Command> & { readonly file: string }): Command => ({
    args: [],
    user: tenants.users[0]!,
    cwd: tenants.folder(0),
    ...command,
  });

  test.each(variants)('%s: everything that it must not do is denied', async (__, variant) => {
    const args = [
      '-e',
      PRIVILEGE_PROBES,
      String(process.pid),
      tenants.folder(1),
      setuidProgram,
      tenants.canary.directory,
    ];
    const result = await runner.run(asTenant({ ...variant, file: process.execPath, args }));
    expect(JSON.parse(result.output)).toEqual({ count: PRIVILEGE_PROBE_COUNT, allowed: [] });
    tenants.canary.assertUntouched();
  });

  test.each(variants)('%s: has three descriptors, though four more were left open', async (__, variant) => {
    const { output } = await runner.run(asTenant({ ...variant, file: 'ls', args: ['/proc/self/fd'] }));
    const descriptors = output.trim().split('\n').map(Number);
    // Those of ls itself are 0, 1, 2 and the folder that it reads. What we inherited shows with the direct spawner only.
    const inherited = spawner === helper ? [] : inheritedByUs();
    expect(descriptors.filter((each) => !inherited.includes(each))).toEqual([0, 1, 2, 3]);
  });

  test('has exactly the allowed environment', async () => {
    const user = tenants.users[0]!;
    const { output } = await runner.run(asTenant({ file: 'env', env: { SLAPGRID_INSTANCE_ROOT: '/srv' } }));
    expect(
      Object.fromEntries(
        output
          .trim()
          .split('\n')
          .map((line) => line.split(/=(.*)/s).slice(0, 2)),
      ),
    ).toEqual({
      EXTRA: 'passed',
      HOME: user.home,
      LANG: 'C.UTF-8',
      LOGNAME: user.name,
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      PYTHONNOUSERSITE: 'true',
      SHELL: '/bin/sh',
      SLAPGRID_INSTANCE_ROOT: '/srv',
      USER: user.name,
      http_proxy: 'http://proxy',
    });
  });

  test('has the supplementary groups of its user, and no others', async () => {
    const user = tenants.users[0]!;
    execFileSync('usermod', ['-a', '-G', tenants.users[1]!.name, user.name]);
    try {
      const ids = async (identity: UserIdentity): Promise<number[]> => {
        const { output } = await runner.run(asTenant({ file: 'id', args: ['-G'], user: identity }));
        return output.trim().split(' ').map(Number).sort();
      };
      expect(await ids(user)).toEqual([user.gid, tenants.users[1]!.gid].sort());
      expect(await ids({ ...user, groups: [] })).toEqual([user.gid]);
    } finally {
      execFileSync('gpasswd', ['-d', user.name, tenants.users[1]!.name]);
    }
  });

  test.each([
    ['uid 0', { uid: 0, gid: 0 }],
    ['uid 0 with another group', { uid: 0, gid: 5 }],
    ['gid 0', { gid: 0 }],
    ['a supplementary group 0', { groups: [5, 0] }],
    ['a system account', { uid: 33, gid: 33, name: 'www-data' }],
    ['no id', { uid: -1 }],
    ['no number', { uid: Number.NaN }],
    ['a fraction', { gid: 1.5 }],
    ['a user without an entry in the database', { uid: 4_000_000, gid: 4_000_000 }],
  ])('is refused: %s', async (__, change) => {
    const run = runner.run(asTenant({ file: 'true', user: { ...tenants.users[0]!, ...change } }));
    await expect(run).rejects.toMatchObject({ code: 'HOST_REFUSED_IDENTITY' });
  });

  test('is not run when the way down cannot be proven', async () => {
    // A user database that knows more than the system does: setpriv finds no groups for that user.
    const entry = { uid: 4_000_001, gid: 4_000_001, name: 'phantom', home: '/', shell: '/bin/sh' };
    const real = new LinuxUserDatabase();
    const users = {
      byUid: async (uid: number) => (uid === entry.uid ? entry : real.byUid(uid)),
      byName: (name: string) => real.byName(name),
      groupByName: (name: string) => real.groupByName(name),
      groupByGid: (gid: number) => real.groupByGid(gid),
    };
    const misled = new LinuxCommandRunner({ users, spawner });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(misled.run({ file: 'true', args: [], user: entry })).rejects.toMatchObject({
        code: 'HOST_PRIVILEGES_NOT_DROPPED',
      });
    }
  });

  test('that its user may not execute does not start', async () => {
    const file = path.join(tenants.canary.directory, 'file');
    fs.chmodSync(path.join(tenants.instanceRoot, '..', 'setuid-id'), 0o700);
    await expect(runner.run(asTenant({ file: setuidProgram }))).rejects.toMatchObject({
      code: 'HOST_COMMAND_FAILED_TO_START',
    });
    await expect(runner.run(asTenant({ file }))).rejects.toMatchObject({ code: 'HOST_COMMAND_FAILED_TO_START' });
    fs.chmodSync(setuidProgram, 0o4755);
  });
});

/** What whoever started the tests left open: with the direct spawner, the children get it. */
function inheritedByUs(): number[] {
  return fs.readdirSync('/proc/self/fdinfo').flatMap((name) => {
    if (Number(name) < 3 || !fs.existsSync(`/proc/self/fdinfo/${name}`)) return [];
    const flags = /^flags:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${name}`, 'latin1'))?.[1] ?? '0';
    return (Number.parseInt(flags, 8) & 0o2000000) === 0 ? [Number(name)] : [];
  });
}

describe('root', () => {
  const runner = new LinuxCommandRunner({ users: new LinuxUserDatabase() });
  afterAll(() => runner[Symbol.asyncDispose]());

  test('does not run programs that others can change', async () => {
    const file = path.join(tenants.folder(0), 'program');
    fs.writeFileSync(file, '#!/bin/sh\nid -u\n', { mode: 0o755 });
    const chown = (uid: number): void => fs.chownSync(file, uid, uid);
    chown(0);
    // The program is root's, but its folder is not.
    await expect(runner.run({ file, args: [] })).rejects.toMatchObject({ code: 'HOST_COMMAND_UNTRUSTED' });
    const moved = path.join(tenants.instanceRoot, 'program');
    fs.copyFileSync(file, moved);
    fs.chmodSync(moved, 0o777);
    await expect(runner.run({ file: moved, args: [] })).rejects.toMatchObject({ code: 'HOST_COMMAND_UNTRUSTED' });
    fs.chmodSync(moved, 0o755);
    expect((await runner.run({ file: moved, args: [] })).output).toBe('0\n');
    fs.chownSync(moved, tenants.users[0]!.uid, 0);
    await expect(runner.run({ file: moved, args: [] })).rejects.toMatchObject({ code: 'HOST_COMMAND_UNTRUSTED' });
    // A link of root to a tenant's program is a tenant's program.
    chown(tenants.users[0]!.uid);
    const link = path.join(tenants.instanceRoot, 'link');
    fs.symlinkSync(file, link);
    await expect(runner.run({ file: link, args: [] })).rejects.toMatchObject({ code: 'HOST_COMMAND_UNTRUSTED' });
    // As its owner it may run.
    expect((await runner.run({ file, args: [], user: tenants.users[0]! })).output).toBe(`${tenants.users[0]!.uid}\n`);
  });
});
