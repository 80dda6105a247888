import { describe, expect, test } from 'vitest';

import { DryRunNetwork, LinuxCommandRunner, LinuxNetwork, LinuxUserDatabase } from '../src/index.js';
import { MemoryNetwork } from '../src/testing.js';
import { describeNetwork } from './contracts/network-contract.js';

const NOBODY = 65534;
const users = new LinuxUserDatabase();
const commands = new LinuxCommandRunner({ users });
const nothing = { [Symbol.asyncDispose]: async () => {} };

describeNetwork('in memory', async () => ({ network: new MemoryNetwork(), ownerUid: NOBODY, ...nothing }));

describeNetwork('dry run', async () => ({
  network: new DryRunNetwork(new MemoryNetwork()),
  ownerUid: NOBODY,
  ...nothing,
}));

describe('a dry run', () => {
  test('records what would be changed and leaves the real network alone', async () => {
    const real = new MemoryNetwork();
    const dryRun = new DryRunNetwork(real);
    const change = { kind: 'addAddress', link: 'lo', address: '10.0.0.1', prefixLength: 32 } as const;
    await dryRun.apply([change, change]);
    expect(dryRun.changes).toEqual([change]);
    expect(await dryRun.addresses()).toHaveLength(1);
    expect(await real.addresses()).toEqual([]);
  });
});

test('the real network of this machine can be read', async () => {
  const network = new LinuxNetwork({ commands, users });
  expect((await network.links()).map((link) => link.name)).toContain('lo');
  expect((await network.addresses('lo')).map((address) => address.address)).toContain('127.0.0.1');
});
