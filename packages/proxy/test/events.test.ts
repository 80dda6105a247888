import { join } from 'node:path';

import { marshal } from '@slapos/slap';
import { expect, test } from 'vitest';

import { createProxy, type Proxy } from '../src/index.js';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.js';
import { temporaryFolder } from './support/server-process.js';
import { formatForm, post, requestForm } from './support/slap-calls.js';

const BASE = 'http://localhost';
const COMPUTER = 'COMP-1';
const RELEASE = 'https://sr.example/software.cfg';

interface SeenEvent {
  readonly id: number;
  readonly kind: string;
  readonly instance?: string;
  readonly tree?: string;
  readonly state?: string;
  readonly [key: string]: unknown;
}

interface EventStream extends AsyncDisposable {
  /** The next event; `undefined` when the stream has ended. */
  next(): Promise<SeenEvent | undefined>;
}

/** A follower as browsers are: reads the stream of a server that is really listening. */
async function follow(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
  const abort = new AbortController();
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: abort.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const seen: SeenEvent[] = [];
  let text = '';
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  return {
    async next() {
      while (seen.length === 0) {
        const { value, done } = await reader.read();
        if (done) return undefined;
        text += value;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const fields = new Map(
            block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
          );
          if (!fields.has('data')) continue;
          const data = JSON.parse(fields.get('data')!) as object;
          seen.push({ ...data, id: Number(fields.get('id')), kind: fields.get('event')! });
        }
      }
      return seen.shift();
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      await reader.cancel().catch(() => undefined);
    },
  };
}

async function page(proxy: Proxy, query = ''): Promise<{ events: SeenEvent[]; oldest: number; newest: number }> {
  const response = await proxy.fetch(new Request(`${BASE}/events${query}`));
  return (await response.json()) as { events: SeenEvent[]; oldest: number; newest: number };
}

const request = (proxy: Proxy, name: string, options: Parameters<typeof requestForm>[1] = {}) =>
  post((call) => proxy.fetch(call), `${BASE}/requestComputerPartition`, requestForm(name, options));

const line = ({ kind, instance = '', tree = '', state = '' }: SeenEvent) =>
  `${kind} ${instance} ${tree} ${state}`.replace(/ +/g, ' ').trim();

test('the life of an instance, as it is told', async () => {
  await using proxy = await createProxy({ computerId: COMPUTER, clock: () => 1_700_000_000_000 });
  const call = (path: string, form: Record<string, string>) => post((http) => proxy.fetch(http), BASE + path, form);
  const key = { computer_id: COMPUTER, computer_partition_id: 'slappart0' };
  await call('/loadComputerConfigurationFromXML', formatForm(COMPUTER, 2));
  await call('/loadComputerConfigurationFromXML', formatForm(COMPUTER, 2)); // Nothing is new.
  await call('/supplySupply', { url: RELEASE, computer_id: COMPUTER, state: 'available' });
  await call('/availableSoftwareRelease', { url: RELEASE, computer_id: COMPUTER });
  await request(proxy, 'web');
  await request(proxy, 'web'); // Nothing is new.
  await request(proxy, 'web', { state: 'stopped' });
  await request(proxy, 'db', { requester: { computerId: COMPUTER, partitionId: 'slappart0' } });
  await request(proxy, 'guest', { shared: true });
  await call('/setComputerPartitionConnectionXml', { ...key, connection_xml: marshal({ url: 'u' }) });
  await call('/setComputerPartitionConnectionXml', {
    ...key,
    connection_xml: marshal({ g: 1 }),
    slave_reference: '_guest',
  });
  await call('/softwareInstanceError', { ...key, error_log: 'the disk is full' });
  await call('/softwareInstanceRename', { ...key, new_name: 'site' });
  await call('/destroyedComputerPartition', key);
  await call('/destroyedComputerPartition', { ...key, computer_partition_id: 'slappart1' });
  await call('/destroyedComputerPartition', key);
  await call('/destroyedSoftwareRelease', { url: RELEASE, computer_id: COMPUTER });

  const { events, oldest, newest } = await page(proxy);
  expect(events.map(line)).toEqual([
    'computer.formatted',
    'software.supplied available',
    'software.reported available',
    'instance.allocated web web started',
    'instance.changed web web stopped',
    'instance.allocated db web started',
    'shared.changed guest guest',
    'instance.published web web stopped',
    'shared.published guest guest',
    'instance.reported web web error',
    'instance.renamed site site stopped',
    'instance.changed db site destroyed',
    'instance.freed db site destroyed',
    'instance.freed site site destroyed',
    'software.removed',
  ]);
  expect(events[9]).toEqual({
    id: 10,
    time: '2023-11-14T22:13:20.000Z',
    kind: 'instance.reported',
    computer: COMPUTER,
    partition: 'slappart0',
    instance: 'web',
    tree: 'web',
    softwareRelease: RELEASE,
    state: 'error',
    message: 'the disk is full',
  });
  expect([oldest, newest]).toEqual([1, events.length]);
  const kinds = async (query: string) => (await page(proxy, query)).events.map(({ id }) => id);
  expect(await kinds('?after=12&limit=2')).toEqual([13, 14]);
  expect(await kinds('?kind=software')).toEqual([2, 3, 15]);
  expect(await kinds('?kind=instance.freed&tree=site')).toEqual([13, 14]);
  expect(await kinds('?computer_id=COMP-other')).toEqual([]);
});

test('a change that failed is no event', async () => {
  await using proxy = await createProxy({ computerId: COMPUTER });
  expect((await request(proxy, 'web')).status).toBe(404);
  expect(await page(proxy)).toEqual({ events: [], oldest: 0, newest: 0 });
});

test('a follower that is interrupted goes on where it was, also after the proxy was restarted', async () => {
  using folder = temporaryFolder();
  const databasePath = join(folder.path, 'proxy.db');
  const seen: string[] = [];
  let last: number;
  {
    await using proxy = await createProxy({ computerId: COMPUTER, databasePath });
    await proxy.seed({ computers: { [COMPUTER]: { partitions: 5 } } });
    const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
    // Without a place to begin at, only what is new is shown.
    await using stream = await follow(`${url}/events`);
    await request(proxy, 'a');
    const first = (await stream.next())!;
    seen.push(first.instance!);
    await request(proxy, 'b');
    const second = (await stream.next())!;
    seen.push(second.instance!);
    last = second.id;
    await request(proxy, 'c');
    await proxy.close();
    while ((await stream.next()) !== undefined); // The end comes, so that closing does not wait for those who follow.
  }
  await using proxy = await createProxy({ computerId: COMPUTER, databasePath });
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  await request(proxy, 'd');
  await using stream = await follow(`${url}/events?kind=instance`, { 'last-event-id': String(last) });
  for (const _ of [1, 2]) seen.push((await stream.next())!.instance!);
  await request(proxy, 'e');
  seen.push((await stream.next())!.instance!);
  expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('what another process does is seen too', async () => {
  using folder = temporaryFolder();
  const databasePath = join(folder.path, 'proxy.db');
  await using first = await createProxy({ computerId: COMPUTER, databasePath });
  await using second = await createProxy({ computerId: COMPUTER, databasePath });
  const { url } = await first.listen({ host: '127.0.0.1', port: 0 });
  await using stream = await follow(`${url}/events?kind=computer`);
  await second.seed({ computers: { [COMPUTER]: { partitions: 1 } } });
  expect(await stream.next()).toMatchObject({ kind: 'computer.formatted', computer: COMPUTER });
});

test('who was away for too long is told so', async () => {
  using folder = temporaryFolder();
  const databasePath = join(folder.path, 'proxy.db');
  await using store = openSqliteStore({ path: databasePath, computerId: COMPUTER, durable: false });
  await store.write(async (writer) => {
    for (let index = 0; index < 101_000; index += 1) await writer.addEvent({ kind: 'computer.reported' });
  });
  await using proxy = await createProxy({ computerId: COMPUTER, databasePath });
  const { oldest, newest } = await page(proxy);
  expect(newest).toBe(101_000);
  expect(newest - oldest).toBeLessThan(101_000);
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  await using late = await follow(`${url}/events?after=1`);
  expect(await late.next()).toMatchObject({ kind: 'lost', resumesAfter: oldest - 1 });
  expect(await late.next()).toMatchObject({ id: oldest });
  // The id is one of another database, or of before a restore.
  await using elsewhere = await follow(`${url}/events?after=999999999`);
  expect(await elsewhere.next()).toMatchObject({ kind: 'lost', resumesAfter: newest });
});

test.each(['?kind=nothing', '?after=x', '?limit=-1', '?after=1e9'])('GET /events%s is refused', async (query) => {
  await using proxy = await createProxy();
  const response = await proxy.fetch(new Request(`${BASE}/events${query}`));
  expect(response.status).toBe(400);
});
