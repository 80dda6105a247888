import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Accounts } from '../../src/index.js';

export interface AccountsUnderTest extends AsyncDisposable {
  readonly accounts: Accounts;
  /** What every name must begin with, so that real ones can be found again; at most 12 characters. */
  readonly prefix: string;
}

/** What every adapter of the Accounts port does. */
export function describeAccounts(name: string, make: () => Promise<AccountsUnderTest>): void {
  describe(`users and groups: ${name}`, () => {
    let made: AccountsUnderTest;
    let accounts: Accounts;
    let soft: string;
    let part: string;
    beforeEach(async () => {
      made = await make();
      ({ accounts } = made);
      soft = `${made.prefix}soft`;
      part = `${made.prefix}part`;
    });
    afterEach(() => made[Symbol.asyncDispose]());

    async function makeBoth(): Promise<void> {
      for (const each of [soft, part]) await accounts.createGroup(each);
      await accounts.createUser({ name: soft, home: '/opt/slapgrid', group: soft });
      await accounts.createUser({ name: part, home: '/srv/slapgrid/slappart0', group: part, groups: [soft] });
    }

    test('what does not exist is undefined', async () => {
      expect(await accounts.byName(soft)).toBeUndefined();
      expect(await accounts.byUid(3_999_999_999)).toBeUndefined();
      expect(await accounts.groupByName(soft)).toBeUndefined();
      expect(await accounts.groupByGid(3_999_999_999)).toBeUndefined();
      expect(await accounts.isPasswordLocked(soft)).toBeUndefined();
      expect(await accounts.groupNamesOf(soft)).toEqual([]);
    });

    test('makes system users that nobody can log in to', async () => {
      await makeBoth();
      const user = await accounts.byName(part);
      expect(user).toMatchObject({ name: part, home: '/srv/slapgrid/slappart0', shell: '/bin/sh' });
      expect(user?.uid).toBeGreaterThan(0);
      expect(user?.uid).toBeLessThan(1000);
      expect(await accounts.byUid(user?.uid ?? 0)).toEqual(user);
      expect((await accounts.groupByGid(user?.gid ?? 0))?.name).toBe(part);
      expect((await accounts.groupByName(soft))?.members).toEqual([part]);
      expect(await accounts.groupNamesOf(part)).toEqual([soft]);
      expect(await accounts.isPasswordLocked(part)).toBe(true);
    });

    test('changes only what differs, and leaves no group', async () => {
      await makeBoth();
      const before = await accounts.byName(part);
      await accounts.modifyUser(part, {
        home: '/srv/slapgrid/slappart0',
        group: part,
        shell: '/bin/sh',
        joinGroups: [soft],
      });
      expect(await accounts.byName(part)).toEqual(before);
      await accounts.modifyUser(part, { home: '/srv/new', joinGroups: [] });
      expect(await accounts.byName(part)).toEqual({ ...before, home: '/srv/new' });
      expect(await accounts.groupNamesOf(part)).toEqual([soft]);
      await accounts.modifyUser(part, { group: soft, shell: '/bin/bash' });
      expect(await accounts.byName(part)).toMatchObject({
        gid: (await accounts.groupByName(soft))?.gid,
        shell: '/bin/bash',
      });
    });

    test('everything can be asked for again', async () => {
      await makeBoth();
      const before = [await accounts.byName(soft), await accounts.byName(part), await accounts.groupByName(soft)];
      await makeBoth();
      for (const each of [soft, part]) await accounts.lockPassword(each);
      expect([await accounts.byName(soft), await accounts.byName(part), await accounts.groupByName(soft)]).toEqual(
        before,
      );
    });

    test('what is missing is an error that names it', async () => {
      await expect(accounts.modifyUser(part, { home: '/x' })).rejects.toMatchObject({ code: 'HOST_USER_FAILED' });
      await expect(accounts.lockPassword(part)).rejects.toMatchObject({ code: 'HOST_USER_FAILED' });
      await expect(accounts.createUser({ name: part, home: '/x', group: soft })).rejects.toThrow(soft);
      expect(await accounts.byName(part)).toBeUndefined();
    });

    test.each(['root:x', '-r', '', 'a b', 'UPPER', 'é', '../x', 'x\n', 'a'.repeat(33)])(
      'refuses the name %j',
      async (bad) => {
        await expect(accounts.createGroup(bad)).rejects.toMatchObject({ code: 'HOST_INVALID_ARGUMENT' });
        await expect(accounts.createUser({ name: bad, home: '/x', group: soft })).rejects.toMatchObject({
          code: 'HOST_INVALID_ARGUMENT',
        });
        await expect(accounts.lockPassword(bad)).rejects.toMatchObject({ code: 'HOST_INVALID_ARGUMENT' });
      },
    );

    test.each(['relative', '/a:b', '/a\nroot:x', ''])('refuses the home %j', async (home) => {
      await accounts.createGroup(soft);
      await expect(accounts.createUser({ name: part, home, group: soft })).rejects.toMatchObject({
        code: 'HOST_INVALID_ARGUMENT',
      });
    });
  });
}
