import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createScriptedBuilder, startEmbeddedProxy, type StandaloneInstance } from '../src/index.js';
import {
  assertMonitorPropagation,
  cronCommand,
  EndToEnd,
  type HttpServer,
  readMonitorFeed,
  runCronAt,
  SoftwareTestBed,
  startHttpServer,
} from '../src/testing.js';
import { scratchFolder } from './support/scratch-folder.js';
import { ORDINARY_USER } from './support/user.js';

const RELEASE = 'https://sr.example/helped/software.cfg';
const CHILD = 'https://sr.example/helped-child/software.cfg';
const MONITOR = 'https://monitor.example';

describe('an instance with cron entries and a monitor', () => {
  let scratch: Awaited<ReturnType<typeof scratchFolder>>;
  let bed: SoftwareTestBed;
  let instance: StandaloneInstance;
  beforeAll(async () => {
    scratch = await scratchFolder();
    await writeFile(path.join(scratch.path, 'schema.json'), '{"type": "object"}');
    const builder = createScriptedBuilder({
      [RELEASE]: {
        instantiate: async ({ parameters, write, publish, request }) => {
          await write('etc/cron.d/year', '# made by the release\n0 3 * * 1-5 date +%Y; id -un\n');
          await write('etc/cron.d/broken', '*/5 * * * * echo not now; exit 3\n');
          await write('etc/cron.d/two', '0 3 * * * a\n0 4 * * * b\n');
          await write('etc/cron.d/nickname', '@daily a\n');
          await publish({ 'monitor-setup-url': `${MONITOR}/#page=settings` });
          await request({
            softwareReleaseUrl: CHILD,
            partitionReference: 'child',
            parameters: {
              _: JSON.stringify(parameters['lost'] === 'true' ? {} : { 'monitor-interface-url': MONITOR }),
            },
          });
        },
      },
      [CHILD]: {
        instantiate: ({ publish }) => publish({ _: `{"monitor-setup-url": "${MONITOR}/#child"}` }),
      },
    });
    bed = await SoftwareTestBed.start({
      ...ORDINARY_USER,
      software: RELEASE,
      alsoSupply: [CHILD],
      builder,
      partitions: 2,
      publicDirectory: scratch.path,
    });
    instance = await bed.request({ parameters: { 'monitor-interface-url': MONITOR } });
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  test('is as it would be at another time', async () => {
    expect(await cronCommand(instance, 'year')).toBe('date +%Y; id -un');
    const user = ORDINARY_USER.user ?? os.userInfo().username;
    expect(await runCronAt(instance, 'year', '2041-06-01 03:00')).toBe(`2041\n${user}\n`);
  });

  test('says what fails, and what is no entry', async () => {
    await expect(runCronAt(instance, 'broken', '+1 day')).rejects.toMatchObject({
      code: 'STANDALONE_COMMAND_FAILED',
      message: 'The cron entry broken failed at +1 day:\nnot now\n',
    });
    for (const name of ['two', 'nickname']) {
      await expect(cronCommand(instance, name)).rejects.toMatchObject({ code: 'STANDALONE_INVALID_OPTIONS' });
    }
    await expect(cronCommand(instance, 'none')).rejects.toThrow(/ENOENT/);
  });

  test('has handed its monitor on to those that it requested', async () => {
    await bed.processInstances();
    expect(await bed.findPartition('child')).toMatchObject({ softwareReleaseUrl: CHILD });
    expect(await bed.findPartition('nobody')).toBeUndefined();
    await assertMonitorPropagation(bed.node, MONITOR);
    await expect(assertMonitorPropagation(bed.node, 'https://other.example')).rejects.toMatchObject({
      code: 'STANDALONE_NOT_PROPAGATED',
      message: expect.stringMatching(/slappart0: monitor-interface-url is .*\n.*\nslappart1: /) as string,
    });
  });

  test('finds schemas in the public folder of the mini-master', async () => {
    const answer = await fetch(new URL('/panel/public/schema.json', bed.node.masterUrl));
    expect(await answer.json()).toEqual({ type: 'object' });
  });

  test('shares resources by their name', async () => {
    const make = () => startHttpServer((_, response) => void response.end('shared'));
    const first: HttpServer = await bed.use('backend', make);
    expect(await bed.use('backend', make)).toBe(first);
    await expect(bed.use('backend', () => startHttpServer(() => {}))).rejects.toThrow(
      'There is another resource "backend"',
    );
    expect(await (await fetch(first.url)).text()).toBe('shared');
  });
});

test('a monitor is waited for, let into, and asked for promises', async () => {
  await using proxy = await startEmbeddedProxy({ computers: { local: 1 } });
  let state = 'ERROR';
  await using monitor = await startHttpServer(({ url, headers }, response) => {
    if (url === '/share/public/feed') {
      response.end(`<rss><channel><title>web</title><item><title>[${state}] answers</title></item>
        <item><title><![CDATA[[OK] disk-space]]></title></item></channel></rss>`);
      return;
    }
    const allowed = `Basic ${Buffer.from('admin:pa/ss').toString('base64')}`;
    response.writeHead(headers.authorization === allowed ? 200 : 401).end();
  });
  const request = { softwareReleaseUrl: RELEASE, partitionReference: 'web' };
  const options = { pollMs: 5, timeoutMs: 10_000 };
  await using run = new EndToEnd(proxy.client);
  await run.request(request);
  const ready = run.untilMonitorReady(request, options);
  await proxy.node().publish('web', { 'monitor-base-url': 'http://127.0.0.1:1', 'monitor-setup-url': 'x#password=no' });
  await expect(run.untilMonitorReady(request, { pollMs: 1, timeoutMs: 1 })).rejects.toMatchObject({
    code: 'STANDALONE_TIMED_OUT',
  });
  const base = monitor.url.replace(/\/$/, '');
  await proxy
    .node()
    .publish('web', { 'monitor-base-url': base, 'monitor-setup-url': 'x#username=admin&password=pa%2Fss' });
  await ready;
  await run.untilPrivateMonitorReady(request, options);
  expect(Object.fromEntries(await readMonitorFeed(base))).toEqual({ answers: 'ERROR', 'disk-space': 'OK' });
  await run.untilPromise(request, 'answers', 'ERROR', options);
  await expect(run.untilPromise(request, 'answers', 'OK', { pollMs: 1, timeoutMs: 1 })).rejects.toThrow(
    'web: answers to be OK; last seen: {"answers":"ERROR","disk-space":"OK"}',
  );
  state = 'OK';
  await run.untilPromise(request, 'answers', 'OK', options);
  await proxy.node().publish('web', { 'monitor-base-url': base, 'monitor-setup-url': 'x#password=no' });
  await expect(run.untilPrivateMonitorReady(request, { pollMs: 1, timeoutMs: 1 })).rejects.toThrow(/"closed"/);
});
