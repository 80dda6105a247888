import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ScratchNode } from './support/scratch-node.js';

test('an instance that is destroyed is stopped by the instance pass, removed by the report pass, and its partition is free again', async () => {
  await using node = await ScratchNode.createReady({ partitions: 1 });
  const url = await node.buildRelease();
  await node.expectSuccess('request', 'short-lived', url);
  await node.expectSuccess('node', 'instance');
  await node.expectSuccess('request', 'short-lived', url, '--state', 'destroyed');
  await node.expectSuccess('node', 'instance');
  expect(await node.expectSuccess('node', 'status')).not.toContain('slappart0:');

  const { exitCode, stderr } = await node.slapos('node', 'report', '--progress', 'json');
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain('report pass: 1 partition in');
  expect(stderr).toMatch(/^\{"v":1,.*"type":"pass\.finished",.*"passName":"report"/m);
  expect(stderr.trimEnd()).toMatch(/Finished usage reports\.$/);
  expect(await readdir(node.at('inst/slappart0'))).toEqual([]);

  await node.expectSuccess('node', 'format', '--now');
  await node.expectSuccess('request', 'next', url);
  await node.expectSuccess('node', 'instance');
  expect(await node.expectSuccess('service', 'info', 'next')).toContain('"url": "http://127.0.0.1:');
});
