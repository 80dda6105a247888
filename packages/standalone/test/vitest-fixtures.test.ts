import { expect } from 'vitest';

import { createScriptedBuilder } from '../src/index.js';
import { proxyTest, slaposMatchers, softwareTest, standaloneTest } from '../src/vitest.js';
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
expect.extend(slaposMatchers);
const seen = new Set<string>();

withProxy.for([1, 2])('a proxy of its own: %i', async (_, { proxy }) => {
  expect((await proxy.state()).freePartitions).toEqual(['slappart0']);
  await proxy.client.registerOpenOrder().request({ softwareReleaseUrl: WEB, partitionReference: 'web' });
});

withNode.for([1, 2])('a node for the file: %i', async (_, { node }) => {
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

withSoftware('matchers that say what they saw', async ({ instance }) => {
  await expect(instance).toHavePassingPromises();
  await expect(instance).toHavePublished('url');
  await expect.poll(async () => (await instance.services()).map(({ stateName }) => stateName)).toEqual(['RUNNING']);
  await expect(instance).toHaveServices('RUNNING');
  await expect(instance).not.toHavePublished('password');
  await expect(instance).toBeInState('started');
  const failure = async (check: Promise<void>) => check.catch((error: unknown) => (error as Error).message);
  expect(await failure(expect(instance).toHavePublished('password'))).toBe(
    'testing partition 0 (slappart0) and its connection parameter password: it has published url',
  );
  expect(await failure(expect(instance).toBeInState('stopped'))).toMatch(/^the state stopped of .*: it is started$/);
  expect(await failure(expect(instance).toHaveServices('FATAL'))).toMatch(/^the services of .* RUNNING \(pid \d+/);
  expect(await failure(expect(instance).not.toHavePassingPromises())).toMatch(/all of them pass$/);
});
