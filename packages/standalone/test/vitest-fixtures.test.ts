import { expect } from 'vitest';

import { createScriptedBuilder } from '../src/index.js';
import { proxyTest, softwareTest, standaloneTest } from '../src/vitest.js';
import { ORDINARY_USER } from './support/user.js';
import { WEB, webRelease } from './support/web-release.js';

const withProxy = proxyTest({ computers: { C: 1 } });
const withNode = standaloneTest({ ...ORDINARY_USER, format: 1 });
const withSoftware = softwareTest({
  ...ORDINARY_USER,
  software: WEB,
  builder: createScriptedBuilder({ [WEB]: webRelease }),
  partitions: 1,
  instance: { parameters: { text: 'fixture' } },
});
const seen = new Set<string>();

withProxy.for([1, 2])('a proxy of its own, the %ith time', async (_, { proxy }) => {
  expect((await proxy.state()).freePartitions).toEqual(['slappart0']);
  await proxy.client.registerOpenOrder().request({ softwareReleaseUrl: WEB, partitionReference: 'web' });
});

withNode.for([1, 2])('a node for the file, the %ith time', async (_, { node }) => {
  seen.add(node.directory);
  expect(node.isRunning).toBe(true);
  expect(seen.size).toBe(1);
});

withSoftware('an instance for the file', async ({ instance }) => {
  const { url } = await instance.connection();
  expect(await (await fetch(String(url))).text()).toBe('fixture');
});

withSoftware('the bed and its node beside it', async ({ bed, node, instance }) => {
  expect(bed.node).toBe(node);
  expect(instance.request.softwareReleaseUrl).toBe(bed.softwareReleaseUrl);
});
