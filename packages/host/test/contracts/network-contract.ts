import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { awaitAddress, systemClock, type Network } from '../../src/index.js';

/** A network with nothing but `lo` (up), and how to give it back. */
export interface NetworkUnderTest extends AsyncDisposable {
  readonly network: Network;
  /** A user id that tunnels can belong to. */
  readonly ownerUid: number;
}

/** What every adapter of the Network port does. */
export function describeNetwork(name: string, make: () => Promise<NetworkUnderTest>): void {
  describe(`a network: ${name}`, () => {
    let made: NetworkUnderTest;
    let network: Network;
    beforeEach(async () => {
      made = await make();
      ({ network } = made);
    });
    afterEach(() => made[Symbol.asyncDispose]());

    const failures = async (...changes: Parameters<Network['apply']>[0]): Promise<boolean[]> =>
      (await network.apply(changes)).map((outcome) => outcome.failure !== undefined);

    test('starts with lo', async () => {
      expect(await network.links()).toMatchObject([{ name: 'lo', isUp: true, ownerUid: undefined }]);
      expect(await network.addresses('absent')).toEqual([]);
    });

    test('makes and removes tunnels with their owner', async () => {
      const { ownerUid } = made;
      expect(
        await failures(
          { kind: 'addTunnel', name: 'slaptap0', mode: 'tap', ownerUid },
          { kind: 'addTunnel', name: 'slaptun0', mode: 'tun', ownerUid },
          { kind: 'setLinkUp', link: 'slaptap0' },
        ),
      ).toEqual([false, false, false]);
      const links = await network.links();
      expect(links.find((link) => link.name === 'slaptap0')).toMatchObject({ kind: 'tap', isUp: true, ownerUid });
      expect(links.find((link) => link.name === 'slaptun0')).toMatchObject({ kind: 'tun', isUp: false, ownerUid });
      expect(await failures({ kind: 'addTunnel', name: 'slaptap0', mode: 'tap', ownerUid })).toEqual([true]);
      expect(await failures({ kind: 'removeTunnel', name: 'slaptap0', mode: 'tap' })).toEqual([false]);
      expect((await network.links()).map((link) => link.name).sort()).toEqual(['lo', 'slaptun0']);
    });

    test('adds and removes addresses; a refused one does not stop the others', async () => {
      const four = { link: 'lo', address: '10.20.30.40', prefixLength: 32 };
      const six = { link: 'lo', address: '2001:DB8:0:0::0001', prefixLength: 128 };
      expect(
        await failures(
          { kind: 'addAddress', ...four },
          { kind: 'addAddress', ...four },
          { kind: 'addAddress', ...four, link: 'absent' },
          { kind: 'addAddress', ...six },
        ),
      ).toEqual([false, true, true, false]);
      const added = (await network.addresses('lo')).filter((address) => address.scope === 'global');
      expect(added).toMatchObject([
        { family: 4, address: '10.20.30.40', prefixLength: 32, isTentative: false, isDuplicate: false },
        { family: 6, address: '2001:db8::1', prefixLength: 128 },
      ]);
      expect(await awaitAddress(network, systemClock, six)).toBe('ready');
      expect(await failures({ kind: 'removeAddress', ...six }, { kind: 'removeAddress', ...six })).toEqual([
        false,
        true,
      ]);
      expect(await awaitAddress(network, systemClock, six)).toBe('absent');
    });

    test('adds and removes routes', async () => {
      const { ownerUid } = made;
      await network.apply([
        { kind: 'addTunnel', name: 'slaptap1', mode: 'tap', ownerUid },
        { kind: 'setLinkUp', link: 'slaptap1' },
        { kind: 'addAddress', link: 'slaptap1', address: '10.99.0.1', prefixLength: 24, noPrefixRoute: true },
      ]);
      const plain = { destination: '10.99.1.0/24', link: 'slaptap1' };
      const local = { destination: '2001:db8:1::/64', link: 'lo', isLocal: true };
      const one = { destination: '10.98.0.7', link: 'slaptap1' };
      expect(
        await failures(
          { kind: 'addRoute', ...plain },
          { kind: 'addRoute', ...plain },
          { kind: 'addRoute', ...local },
          { kind: 'addRoute', ...one },
          { kind: 'addRoute', destination: '10.97.0.0/16', link: 'absent' },
        ),
      ).toEqual([false, true, false, false, true]);
      expect(await network.routes(4)).toEqual(
        expect.arrayContaining([
          { family: 4, destination: '10.99.1.0/24', link: 'slaptap1', via: undefined, table: 'main', type: 'unicast' },
          { family: 4, destination: '10.98.0.7/32', link: 'slaptap1', via: undefined, table: 'main', type: 'unicast' },
        ]),
      );
      expect(await network.routes(6)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ destination: '2001:db8:1::/64', table: 'local', type: 'local', link: 'lo' }),
        ]),
      );
      expect(await failures({ kind: 'removeRoute', ...plain }, { kind: 'removeRoute', ...plain })).toEqual([
        false,
        true,
      ]);
      expect(await failures({ kind: 'removeRoute', ...local })).toEqual([false]);
      expect((await network.routes(6)).some((route) => route.destination === '2001:db8:1::/64')).toBe(false);
    });

    test.each([
      { kind: 'addAddress', link: 'lo; id', address: '10.0.0.1', prefixLength: 8 },
      { kind: 'addAddress', link: '-force', address: '10.0.0.1', prefixLength: 8 },
      { kind: 'addAddress', link: 'lo', address: '10.0.0.1 dev eth0', prefixLength: 8 },
      { kind: 'addAddress', link: 'lo', address: '10.0.0.1\nlink delete lo', prefixLength: 8 },
      { kind: 'addAddress', link: 'lo', address: '10.0.0.1', prefixLength: 33 },
      { kind: 'addAddress', link: 'lo', address: 'fe80::1%lo', prefixLength: 64 },
      { kind: 'addAddress', link: 'lo', address: '10.0.0.1', prefixLength: 1.5 },
      { kind: 'addRoute', link: 'lo', destination: '10.0.0.0/8/8' },
      { kind: 'addRoute', link: 'lo', destination: '10.0.0.0/x' },
      { kind: 'addRoute', link: 'lo', destination: '' },
      { kind: 'addRoute', link: 'lo', destination: 'default', via: 'lo' },
      { kind: 'addTunnel', name: '../x', mode: 'tap', ownerUid: 1 },
      { kind: 'addTunnel', name: 'x', mode: 'tap', ownerUid: -1 },
      { kind: 'setLinkUp', link: '' },
      { kind: 'setLinkUp', link: 'longer-than-15-c' },
    ] as const)('refuses %j before doing anything', async (bad) => {
      const good = { kind: 'addAddress', link: 'lo', address: '10.20.30.41', prefixLength: 32 } as const;
      await expect(network.apply([good, bad])).rejects.toMatchObject({ code: 'HOST_INVALID_ARGUMENT' });
      expect((await network.addresses('lo')).some((address) => address.address === '10.20.30.41')).toBe(false);
    });

    test('no change is no work', async () => {
      expect(await network.apply([])).toEqual([]);
    });
  });
}
