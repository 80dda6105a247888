import { marshal, type LogFields, silentLogger } from '@slapos/slap';
import { describe, expect, test } from 'vitest';

import { createProxy, type Proxy } from '../src/index.js';
import { formatForm, partitionOf, post, requestForm } from './support/slap-calls.js';

const URL_BASE = 'http://localhost';
const COMPUTER = 'COMP-1';
const RELEASE = 'https://sr.example/software.cfg';
const key = (partitionId: string) => ({ computer_id: COMPUTER, computer_partition_id: partitionId });
const requester = { computerId: COMPUTER, partitionId: 'slappart0' };

async function proxyWith(partitions: number): Promise<Proxy> {
  const proxy = await createProxy({ computerId: COMPUTER });
  await proxy.seed({ computers: { [COMPUTER]: { partitions } } });
  return proxy;
}

const send = (proxy: Proxy, path: string, form: Record<string, string>) =>
  post((call) => proxy.fetch(call), `${URL_BASE}/${path}`, form);
const request = (proxy: Proxy, ...args: Parameters<typeof requestForm>) =>
  send(proxy, 'requestComputerPartition', requestForm(...args));

async function partitions(proxy: Proxy) {
  await using client = await proxy.client();
  return (await client.registerComputer(COMPUTER).fetchInformation()).partitions;
}

const stateOf = async (proxy: Proxy, partitionId: string) =>
  (await partitions(proxy)).find((partition) => partition.partitionId === partitionId)?.requestedState;

describe('the state of a root masks those of its descendants', () => {
  test('and theirs come back when it is started again', async () => {
    await using proxy = await proxyWith(4);
    await request(proxy, 'root');
    await request(proxy, 'plain', { requester });
    await request(proxy, 'resting', { requester, state: 'stopped' });
    await request(proxy, 'root', { state: 'stopped' });
    await request(proxy, 'plain', { requester });
    await request(proxy, 'resting', { requester });
    expect([await stateOf(proxy, 'slappart1'), await stateOf(proxy, 'slappart2')]).toEqual(['stopped', 'stopped']);
    await request(proxy, 'root', { state: 'started' });
    await request(proxy, 'plain', { requester });
    await request(proxy, 'resting', { requester });
    expect([await stateOf(proxy, 'slappart1'), await stateOf(proxy, 'slappart2')]).toEqual(['started', 'stopped']);
  });

  test('and a wish that is told meanwhile is the one that comes back', async () => {
    await using proxy = await proxyWith(2);
    await request(proxy, 'root');
    await request(proxy, 'child', { requester });
    await request(proxy, 'root', { state: 'stopped' });
    await request(proxy, 'child', { requester, state: 'started' });
    await request(proxy, 'child', { requester, state: 'stopped' });
    await request(proxy, 'root', { state: 'started' });
    await request(proxy, 'child', { requester });
    expect(await stateOf(proxy, 'slappart1')).toBe('stopped');
  });

  test('and is not inherited by the next instance in the partition', async () => {
    await using proxy = await proxyWith(2);
    await request(proxy, 'root');
    await request(proxy, 'child', { requester });
    await request(proxy, 'root', { state: 'stopped' });
    await request(proxy, 'child', { requester, state: 'stopped' });
    await send(proxy, 'destroyedComputerPartition', key('slappart1'));
    await request(proxy, 'root', { state: 'started' });
    await request(proxy, 'child', { requester });
    expect(await stateOf(proxy, 'slappart1')).toBe('started');
  });
});

describe('names', () => {
  test('cannot be taken twice in one tree by renaming', async () => {
    await using proxy = await proxyWith(3);
    for (const name of ['a', 'b']) await request(proxy, name);
    const refused = await send(proxy, 'softwareInstanceRename', { ...key('slappart1'), new_name: 'a' });
    expect(refused.status).toBe(409);
    expect(refused.body).toContain('already an instance named');
    expect((await partitions(proxy)).map(({ instanceTitle }) => instanceTitle)).toEqual(['a', 'b', undefined]);
  });

  test('cannot be empty', async () => {
    await using proxy = await proxyWith(1);
    expect((await request(proxy, '')).status).toBe(400);
  });
});

describe('shared instances', () => {
  test('their own keys win against parameters of the same names', async () => {
    await using proxy = await proxyWith(1);
    await request(proxy, 'host');
    await request(proxy, 'guest', {
      shared: true,
      parameters: { slave_reference: 'evil', slave_title: 'evil', slap_software_type: 'evil', own: 1 },
    });
    expect((await partitions(proxy))[0]!.sharedInstances).toEqual([
      { own: 1, slap_software_type: 'default', slave_reference: '_guest', slave_title: '_guest' },
    ]);
  });

  describe('are on one host only', () => {
    const other = 'https://sr.example/other.cfg';
    const hostsOf = async (proxy: Proxy): Promise<string[]> =>
      (await partitions(proxy))
        .filter(({ sharedInstances }) => sharedInstances.length > 0)
        .map((one) => one.partitionId);
    /** The guest is on the second of two instances that could host it. */
    const guestOnSecond = async (): Promise<Proxy> => {
      const proxy = await proxyWith(2);
      for (const name of ['first', 'second']) await request(proxy, name, { softwareReleaseUrl: other });
      await request(proxy, 'second');
      await request(proxy, 'guest', { shared: true });
      await request(proxy, 'first');
      expect(await hostsOf(proxy)).toEqual(['slappart1']);
      return proxy;
    };

    test('also when another one comes first by now', async () => {
      await using proxy = await guestOnSecond();
      await request(proxy, 'guest', { shared: true, parameters: { more: 1 } });
      expect(await hostsOf(proxy)).toEqual(['slappart1']);
    });

    test('from which they are destroyed, whatever it has become', async () => {
      await using proxy = await guestOnSecond();
      await request(proxy, 'second', { softwareReleaseUrl: other });
      await request(proxy, 'guest', { shared: true, state: 'destroyed' });
      expect(await hostsOf(proxy)).toEqual([]);
    });

    test('and leave one that cannot host them any more', async () => {
      await using proxy = await guestOnSecond();
      await request(proxy, 'second', { softwareReleaseUrl: other });
      await request(proxy, 'guest', { shared: true });
      expect(await hostsOf(proxy)).toEqual(['slappart0']);
      await request(proxy, 'second');
      await request(proxy, 'guest', { shared: true, filter: { instance_guid: 'slappart1' } });
      expect(await hostsOf(proxy)).toEqual(['slappart1']);
    });
  });

  test('are found by the full key when two computers have equal partitions', async () => {
    await using proxy = await proxyWith(1);
    await proxy.seed({ computers: { 'COMP-2': { partitions: 1 } } });
    await request(proxy, 'host');
    await request(proxy, 'host2', { filter: { computer_guid: 'COMP-2' } });
    await request(proxy, 'guest', { shared: true, filter: { computer_guid: 'COMP-2' } });
    await send(proxy, 'setComputerPartitionConnectionXml', {
      computer_id: 'COMP-2',
      computer_partition_id: 'slappart0',
      slave_reference: '_guest',
      connection_xml: marshal({ url: 'http://two/' }),
    });
    const response = await proxy.fetch(new Request(`${URL_BASE}/hateoas/shared/guest`));
    expect(await response.text()).toContain('http://two/');
  });
});

test('a computer is formatted again without losing what is allocated, and what is removed with it is told', async () => {
  const warnings: { message: string; fields: LogFields | undefined }[] = [];
  const logger = {
    ...silentLogger,
    warn: (message: string, fields?: LogFields) => void warnings.push({ message, fields }),
  };
  await using proxy = await createProxy({ computerId: COMPUTER, logger });
  await send(proxy, 'loadComputerConfigurationFromXML', formatForm(COMPUTER, 3));
  for (const name of ['a', 'b']) await request(proxy, name);
  await send(proxy, 'loadComputerConfigurationFromXML', formatForm(COMPUTER, 2));
  expect((await partitions(proxy)).map(({ instanceTitle }) => instanceTitle)).toEqual(['a', 'b']);
  expect(warnings).toEqual([]);
  await send(proxy, 'loadComputerConfigurationFromXML', formatForm(COMPUTER, 1));
  expect((await partitions(proxy)).map(({ instanceTitle }) => instanceTitle)).toEqual(['a']);
  expect(warnings).toEqual([
    {
      message: expect.stringContaining('removed with the instance') as string,
      fields: { computerId: COMPUTER, partitionId: 'slappart1', instance: 'b' },
    },
  ]);
});

describe('the computer information', () => {
  test('is not sent again while nothing changed, and is when anything did', async () => {
    await using proxy = await proxyWith(2);
    const get = (etag?: string) =>
      proxy.fetch(
        new Request(`${URL_BASE}/getFullComputerInformation?computer_id=${COMPUTER}`, {
          headers: etag === undefined ? {} : { 'If-None-Match': etag },
        }),
      );
    const etag = (await get()).headers.get('etag')!;
    expect((await get(etag)).status).toBe(304);
    await request(proxy, 'new');
    const changed = await get(etag);
    expect(changed.status).toBe(200);
    expect(await changed.text()).toContain('new');
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  test.each([3, 700])('is the same text for clients that take it compressed (%i partitions)', async (partitions) => {
    await using proxy = await proxyWith(partitions);
    await request(proxy, 'instance é');
    const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
    const get = (headers: Record<string, string>) =>
      fetch(`${url}/getFullComputerInformation?computer_id=${COMPUTER}`, { headers });

    const whole = await get({ 'Accept-Encoding': 'gzip;q=0, identity' });
    const compressed = await get({ 'Accept-Encoding': 'deflate, gzip;q=0.5' });
    expect([whole, compressed].map(({ headers }) => headers.get('content-encoding'))).toEqual([null, 'gzip']);
    expect(compressed.headers.get('vary')).toBe('accept-encoding');
    const text = await whole.text();
    expect(await compressed.text()).toBe(text);
    expect(Number(whole.headers.get('content-length'))).toBe(text.length);

    const [etag, compressedEtag] = [whole, compressed].map(({ headers }) => headers.get('etag') ?? '');
    expect(compressedEtag).not.toBe(etag);
    expect((await get({ 'Accept-Encoding': 'gzip', 'If-None-Match': compressedEtag ?? '' })).status).toBe(304);
    expect((await get({ 'Accept-Encoding': 'identity', 'If-None-Match': compressedEtag ?? '' })).status).toBe(200);
  });

  test('is the same text when it is made bit by bit as when it is made at once', async () => {
    await using proxy = await proxyWith(12);
    const read = async (from: Proxy) =>
      (await from.fetch(new Request(`${URL_BASE}/getFullComputerInformation?computer_id=${COMPUTER}`))).text();
    for (let index = 0; index < 10; index += 1) {
      await request(proxy, `instance ${index} <&> id="i7"`, { parameters: { list: [index], text: '<list id="i3"/>' } });
      if (index % 3 === 0) await send(proxy, 'destroyedComputerPartition', key(`slappart${index}`));
      if (index % 4 === 0)
        await request(proxy, `guest ${index}`, { shared: true, parameters: { nested: { list: [1, 'é'] } } });
      await using fresh = await createProxy({ computerId: COMPUTER });
      await fresh.restore(await proxy.snapshot());
      expect(await read(proxy)).toBe(await read(fresh));
    }
  });
});

describe('what nodes report is kept', () => {
  test('and shown by the service document, the status calls and nowhere else', async () => {
    await using proxy = await proxyWith(2);
    await proxy.seed({
      software: [{ softwareReleaseUrl: RELEASE }],
      instances: [{ partitionReference: 'web', softwareReleaseUrl: RELEASE }],
    });
    await using client = await proxy.client();
    const partition = client.registerComputerPartition(COMPUTER, 'slappart0');
    await partition.started();
    expect((await client.registerOpenOrder().getInformation('web')).news).toEqual([
      { user: 'SlapOS Master', created_at: expect.any(String) as string, text: '#access slappart0 started' },
    ]);
    await partition.error('the disk is full');
    const [news] = (await client.registerOpenOrder().getInformation('web')).news as { text: string }[];
    expect(news!.text).toBe('#error slappart0 error: the disk is full');
    expect(await client.registerComputer(COMPUTER).getStatus()).toMatchObject({
      text: '#error slappart0 error: the disk is full',
    });
    await client.registerSoftwareRelease(RELEASE, COMPUTER).available();
    expect(await client.registerComputer(COMPUTER).getStatus()).toMatchObject({ text: `#access ${RELEASE} available` });
  });

  test('not what is said about things that are not there', async () => {
    await using proxy = await proxyWith(1);
    for (const path of ['startedComputerPartition', 'softwareInstanceError']) {
      expect(await send(proxy, path, key('slappart9'))).toEqual({ status: 200, body: 'Ignored' });
    }
    expect(
      await send(proxy, 'softwareReleaseError', { url: 'https://never.supplied/', computer_id: COMPUTER }),
    ).toEqual({ status: 200, body: 'Ignored' });
    await using client = await proxy.client();
    expect(await client.registerComputer(COMPUTER).getStatus()).toMatchObject({
      text: `#error no data found for computer ${COMPUTER}`,
    });
  });
});

test('addresses of a whole tree are told to each of its instances', async () => {
  await using proxy = await createProxy({ computerId: COMPUTER });
  await send(proxy, 'loadComputerConfigurationFromXML', formatForm(COMPUTER, 3));
  await request(proxy, 'root');
  expect(partitionOf((await request(proxy, 'child', { requester })).body)).toBe('slappart1');
  await request(proxy, 'stranger');
  await using client = await proxy.client();
  for (const partitionId of ['slappart0', 'slappart1']) {
    expect(await client.registerComputerPartition(COMPUTER, partitionId).getFullHostingIpAddressList()).toEqual([
      ['slaptap0', '10.0.0.1'],
      ['slaptap1', '10.0.0.1'],
    ]);
  }
});
