// Tests of the other example, against a mini-master that lives in the test: no machine, no network, milliseconds.
import { proxyTest } from '@slapos/standalone/vitest';
import { expect } from 'vitest';

import { requestUrl } from '../request-an-instance/main.mjs';

const softwareReleaseUrl = 'https://sr.example/web/software.cfg';
const quick = { pollMs: 5, timeoutMs: 5000 };

// Each test gets a master of its own, with one computer that has two partitions.
const test = proxyTest({ computers: { 'COMP-1': 2 } });

test('waits until the instance has published its URL', async ({ proxy }) => {
  const waiting = requestUrl({ masterUrl: proxy.url, softwareReleaseUrl, partitionReference: 'shop' }, quick);

  // The test plays the computer: it waits for the request, and publishes what an instance would.
  await proxy.until(({ instances }) => instances.length === 1);
  await proxy.node().publish('shop', { url: 'https://shop.example/' });

  expect(await waiting).toBe('https://shop.example/');
});

test('goes on when the master is away for a moment', async ({ proxy }) => {
  proxy.proxy.injectFault({ path: '/requestComputerPartition', status: 503, times: 1 }); // Just once.
  const waiting = requestUrl({ masterUrl: proxy.url, softwareReleaseUrl, partitionReference: 'shop' }, quick);
  await proxy.until(({ instances }) => instances.length === 1);
  await proxy.node().publish('shop', { url: 'https://shop.example/' });
  expect(await waiting).toBe('https://shop.example/');
});

test('says so when there is no place left', async ({ proxy }) => {
  const order = proxy.client.registerOpenOrder();
  for (const name of ['one', 'two']) await order.request({ softwareReleaseUrl, partitionReference: name });
  const late = requestUrl({ masterUrl: proxy.url, softwareReleaseUrl, partitionReference: 'three' }, quick);
  await expect(late).rejects.toMatchObject({ code: 'SLAP_NOT_FOUND' });
});
