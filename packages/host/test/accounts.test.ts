import { expect, test } from 'vitest';

import { DryRunAccounts, LinuxUserDatabase } from '../src/index.js';
import { MemoryAccounts } from '../src/testing.js';
import { describeAccounts } from './contracts/accounts-contract.js';

const nothing = { [Symbol.asyncDispose]: async () => {} };

describeAccounts('in memory', async () => ({ accounts: new MemoryAccounts(), prefix: 'm', ...nothing }));
describeAccounts('dry run', async () => ({
  accounts: new DryRunAccounts(new MemoryAccounts()),
  prefix: 'd',
  ...nothing,
}));
test('a dry run records the changes, and only those', async () => {
  const real = new MemoryAccounts();
  await real.createGroup('soft');
  await real.createUser({ name: 'soft', home: '/opt', group: 'soft' });
  const accounts = new DryRunAccounts(real);
  await accounts.createGroup('soft');
  await accounts.createGroup('part');
  const user = { name: 'part', home: '/srv', group: 'part', groups: ['soft'] };
  await accounts.createUser(user);
  await accounts.createUser(user);
  await accounts.modifyUser('soft', { home: '/opt' });
  await accounts.modifyUser('soft', { home: '/other' });
  await accounts.lockPassword('soft');
  expect(accounts.changes).toEqual([
    { kind: 'createGroup', name: 'part' },
    { kind: 'createUser', user },
    { kind: 'modifyUser', name: 'soft', change: { home: '/other' } },
  ]);
  expect(await real.byName('part')).toBeUndefined();
  expect((await real.byName('soft'))?.home).toBe('/opt');
});

test('users and groups that only the name service knows are found through it', async () => {
  const withoutFiles = new LinuxUserDatabase({ passwdPath: '/dev/null', groupPath: '/dev/null' });
  expect(await withoutFiles.byName('root')).toMatchObject({ uid: 0, gid: 0, home: '/root' });
  expect(await withoutFiles.byUid(0)).toMatchObject({ name: 'root' });
  expect(await withoutFiles.groupByName('root')).toMatchObject({ gid: 0 });
  expect(await withoutFiles.byName('no-such-user')).toBeUndefined();
  // A name that looks like an id is not looked up as one.
  expect(await withoutFiles.byName('0')).toBeUndefined();
  const filesOnly = new LinuxUserDatabase({ passwdPath: '/dev/null', groupPath: '/dev/null', useNameService: false });
  expect(await filesOnly.byName('root')).toBeUndefined();
});
