import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { createProxy, type Proxy } from '@slapos/proxy';
import { marshal } from '@slapos/slap';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { messages, type Outcome, runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

const RELEASE = '/software.cfg';
const PATIENCE = { timeout: 30_000, interval: 50 };
let folder: string;
let proxy: Proxy;
let port: number;

const instances = (...names: string[]) =>
  names.map((partitionReference) => ({ partitionReference, softwareReleaseUrl: RELEASE }));

async function startProxy(listenOn: number): Promise<void> {
  proxy = await createProxy({ databasePath: path.join(folder, 'proxy.db'), computerId: 'COMP-7' });
  ({ port } = await proxy.listen({ host: '127.0.0.1', port: listenOn }));
}

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-cli-'));
  await startProxy(0);
  await proxy.seed({ computers: { 'COMP-7': { partitions: 9 } }, instances: instances('a', 'b') });
  await writeFile(
    path.join(folder, 'slapos.cfg'),
    `[slapos]\nmaster_url = http://127.0.0.1:${port}\n[slapproxy]\ndatabase_uri = ${path.join(folder, 'proxy.db')}\n`,
  );
});

afterEach(async () => {
  await proxy.close();
  await rm(folder, { recursive: true });
});

/** Lets the other side have its turn. */
async function nextRound(): Promise<void> {
  await fetch(`http://127.0.0.1:${port}/getRunId`).then((response) => response.text());
}

function slapos(...words: string[]): Promise<Outcome> {
  return runSlapos([...words, '--cfg', path.join(folder, 'slapos.cfg')]);
}

describe('slapos events', () => {
  it('shows what happened, the last of it last', async () => {
    const all = await slapos('events');
    expect(all.exitCode).toBe(0);
    expect(all.stdout.split('\n').map((line) => line.replace(/ \S+Z /, ' '))).toEqual([
      '1 computer.formatted on COMP-7: 9 partitions',
      '2 instance.allocated a on COMP-7 slappart0 started',
      '3 instance.allocated b on COMP-7 slappart1 started',
      '',
    ]);
    const last = await slapos('events', '--lines', '1', '--kind', 'instance', '--json');
    expect(JSON.parse(last.stdout)).toMatchObject({ id: 3, kind: 'instance.allocated', instance: 'b', tree: 'b' });
    expect((await slapos('events', '--after', '2')).stdout).toMatch(/^3 .*\n$/);
    expect((await slapos('events', '--tree', 'a')).stdout).toMatch(/^2 .*\n$/);
    expect((await slapos('events', '--lines', '0')).stdout).toBe('');
  });

  it('says what is wrong with a kind, and when nobody answers', async () => {
    const unknown = await slapos('events', '--kind', 'nothing');
    expect(unknown.exitCode).toBe(1);
    expect(messages(unknown.stderr)).toContain('No event is of kind');
    await proxy.close();
    const gone = await slapos('events');
    expect(gone.exitCode).not.toBe(0);
    expect(messages(gone.stderr)).toContain(`Cannot reach the master http://127.0.0.1:${port}`);
  });

  it('follows, also over a restart of the master', async () => {
    const words = [
      'events',
      '--follow',
      '--lines',
      '0',
      '--kind',
      'instance',
      '--cfg',
      path.join(folder, 'slapos.cfg'),
    ];
    const child = spawn(process.execPath, [SLAPOS_BIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    const errors = text(child.stderr);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => String((await lines.next()).value).split(' ')[3];
    // Nothing is printed until the command follows: so something happens again and again until a line comes.
    const progress = { isFollowing: false };
    const seen = next().then(() => (progress.isFollowing = true));
    for (let round = 0; !progress.isFollowing; round += 1) {
      const requestedState = round % 2 === 0 ? 'stopped' : 'started';
      await proxy.seed({ instances: instances('a').map((instance) => ({ ...instance, requestedState })) });
      await Promise.race([seen, nextRound()]);
    }
    await seen;
    await proxy.close();
    await startProxy(port);
    await proxy.seed({ instances: instances('late') });
    let name = await next();
    while (name !== 'late') name = await next();
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(messages(await errors)).toContain('trying again until it is there');
  });
});

describe('waiting for an instance', () => {
  it('ends when the master tells that it is there, and not when an interval has passed', async () => {
    const words = ['request', 'a', RELEASE, '--wait', '--interval', '1h', '--timeout', '2h'];
    const child = spawn(process.execPath, [SLAPOS_BIN, ...words, '--cfg', path.join(folder, 'slapos.cfg')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const errors = text(child.stderr);
    const ended = once(child, 'close');
    await vi.waitFor(async () => {
      const metrics = await (await proxy.fetch(new Request('http://localhost/metrics'))).text();
      expect(metrics).toContain('slapos_proxy_event_followers 1\n');
    }, PATIENCE);
    // It is published while the connection is broken.
    await proxy.close();
    proxy = await createProxy({ databasePath: path.join(folder, 'proxy.db'), computerId: 'COMP-7' });
    await proxy.fetch(
      new Request('http://localhost/setComputerPartitionConnectionXml', {
        method: 'POST',
        body: new URLSearchParams({
          computer_id: 'COMP-7',
          computer_partition_id: 'slappart0',
          connection_xml: marshal({ url: 'https://a.example/' }),
        }),
      }),
    );
    await proxy.listen({ host: '127.0.0.1', port });
    await ended;
    expect(child.exitCode, await errors).toBe(0);
  });
});

describe('slapos proxy credentials', () => {
  it('gives a user what a restricted mini-master asks for', async () => {
    const target = path.join(folder, 'mine');
    await writeFile(
      path.join(folder, 'node.cfg'),
      `[slapos]\ncomputer_id = COMP-7\n[slapproxy]\ndatabase_uri = ${path.join(folder, 'proxy.db')}\n`,
    );
    const { exitCode, stdout } = await runSlapos([
      'proxy',
      'credentials',
      target,
      '--cfg',
      path.join(folder, 'node.cfg'),
    ]);
    expect(exitCode).toBe(0);
    for (const name of ['user.key', 'token']) expect((await stat(path.join(target, name))).mode & 0o777).toBe(0o600);
    const { url } = await proxy.listen({ host: '127.0.0.1', port: 0, tls: {}, access: 'restricted' });
    const client = path.join(folder, 'client.cfg');
    await writeFile(client, stdout.replace('[slapos]', `[slapos]\nmaster_url = ${url}`));
    expect((await runSlapos(['events', '--lines', '1', '--cfg', client])).stdout).toContain('instance.allocated b');
  });
});

describe('slapos proxy show', () => {
  it('prints everything as JSON for programs', async () => {
    const { exitCode, stdout } = await slapos('proxy', 'show', '--output', 'json');
    expect(exitCode).toBe(0);
    const document = JSON.parse(stdout) as Record<string, unknown>;
    expect(document).toMatchObject({
      kind: 'ProxyDatabase',
      database: path.join(folder, 'proxy.db'),
      computers: [{ reference: 'COMP-7' }],
      partitions: [{ partitionReference: 'a', slapState: 'busy' }, { partitionReference: 'b' }],
      network: [{ partitionId: 'slappart0', computerId: 'COMP-7', addresses: ['127.0.0.1', '::1'] }, {}],
    });
    const part = JSON.parse((await slapos('proxy', 'show', '--software', '--json')).stdout) as object;
    expect(Object.keys(part)).toEqual(['apiVersion', 'kind', 'database', 'software']);
  });
});
