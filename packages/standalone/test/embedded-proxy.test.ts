import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { startEmbeddedProxy } from '../src/index.js';
import { scratchFolder } from './support/scratch-folder.js';

const RELEASE = 'https://sr.example/a/software.cfg';

describe('a mini-master inside of the program', () => {
  test('plays a whole life of an instance', async () => {
    await using proxy = await startEmbeddedProxy({
      computers: { 'COMP-1': 2, 'COMP-2': { partitions: 1, ipv4: '10.0.0.1' } },
    });
    const order = proxy.client.registerOpenOrder();
    await proxy.client.registerSupply().supply({ softwareReleaseUrl: RELEASE, computerId: 'COMP-1' });
    const node = proxy.node();
    await node.softwareReady(RELEASE);
    const request = { softwareReleaseUrl: RELEASE, partitionReference: 'web', parameters: { a: 'b' } };
    await order.request(request);
    await order.request({ ...request, partitionReference: 'guest', shared: true });
    const state = await proxy.state();
    expect(state).toMatchObject({
      computerId: 'COMP-1',
      softwareReleases: [{ url: RELEASE, requestedState: 'available' }],
      instances: [{ instanceTitle: 'web', instanceParameters: { a: 'b' }, requestedState: 'started' }],
      freePartitions: ['slappart1'],
    });
    expect(state.instances[0]?.sharedInstances).toMatchObject([{ slave_title: '_guest' }]);
    await node.started('web');
    await node.publish('web', { url: 'http://a/' });
    await node.publish('web', { url: 'http://guest/' }, '_guest');
    const answer = await order.request(request);
    expect(answer.isReady && (await answer.getConnectionParameterDict())).toEqual({ url: 'http://a/' });
    await order.request({ ...request, state: 'stopped' });
    await node.stopped('web');
    await order.request({ ...request, state: 'destroyed' });
    await node.destroyed('web');
    expect((await proxy.state()).freePartitions).toEqual(['slappart0', 'slappart1']);
    expect((await proxy.state('COMP-2')).instances).toEqual([]);
  });

  test('says what fails', async () => {
    await using proxy = await startEmbeddedProxy();
    await proxy.client.registerSupply().supply({ softwareReleaseUrl: RELEASE, computerId: 'local' });
    await proxy.client.registerOpenOrder().request({ softwareReleaseUrl: RELEASE, partitionReference: 'web' });
    await proxy.node().softwareFailed(RELEASE, 'no compiler');
    await proxy.node().bang('slappart0', 'look again');
    await proxy.node().error('web', 'no disk');
    const { news } = await proxy.client.registerOpenOrder().getInformation('web');
    expect(JSON.stringify(news)).toContain('no disk');
    await proxy.node().softwareRemoved(RELEASE);
    await expect(proxy.node().started('other')).rejects.toMatchObject({
      message: 'Nobody has requested "other"',
      hint: 'Requested from local: web.',
    });
  });

  test('is waited for, and shows what it was when the wait was in vain', async () => {
    await using proxy = await startEmbeddedProxy({ computers: { C: 1 } });
    const waiting = proxy.until(({ instances }) => instances.length === 1);
    await proxy.client.registerOpenOrder().request({ softwareReleaseUrl: RELEASE, partitionReference: 'web' });
    expect((await waiting).instances).toMatchObject([{ instanceTitle: 'web' }]);
    const vain = proxy.until(({ instances }) => instances.length === 2, { timeoutMs: 1 });
    await expect(vain).rejects.toMatchObject({
      code: 'STANDALONE_TIMED_OUT',
      message: expect.stringContaining('"instanceTitle": "web"') as string,
    });
    const reason = new Error('enough');
    await expect(proxy.until(() => false, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('is kept in a file and taken up again', async () => {
    await using scratch = await scratchFolder();
    const file = path.join(scratch.path, 'proxy.db');
    {
      await using proxy = await startEmbeddedProxy({ computers: { local: 1 } });
      await proxy.client.registerOpenOrder().request({ softwareReleaseUrl: RELEASE, partitionReference: 'web' });
      await proxy.save(file);
    }
    await using proxy = await startEmbeddedProxy({ from: file });
    expect((await proxy.state()).instances).toMatchObject([{ instanceTitle: 'web' }]);
    expect(proxy.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+/);
  });
});
