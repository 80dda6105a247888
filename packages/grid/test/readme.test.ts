import path from 'node:path';

import { silentLogger } from '@slapos/host';
import { expect, test } from 'vitest';

import { importReadmeExamples } from '../../../config/readme.js';
import type { InstancePassResult, Master } from '../src/index.js';
import { Harness } from './support/harness.js';

type Converge = (
  node: { computerId: string; masterUrl: string; softwareRoot: string; instanceRoot: string },
  master: Master,
  logger: typeof silentLogger,
) => Promise<InstancePassResult & { exitCode: number }>;

test('the example of the README deploys a release', async () => {
  const [example] = await importReadmeExamples(path.resolve(import.meta.dirname, '..'));
  await using harness = await Harness.create();
  const { node, master } = harness;
  await node.addPartition('slappart0');
  harness.supply('hello-web');
  harness.request({ partitionId: 'slappart0', softwareReleaseUrl: node.releaseUrl('hello-web') });
  const { softwareRoot, instanceRoot } = node;
  const result = await (example?.['converge'] as Converge)(
    { computerId: 'COMP-0', masterUrl: 'none', softwareRoot, instanceRoot },
    master,
    silentLogger,
  );
  expect(result).toMatchObject({ exitCode: 0, items: [{ partitionId: 'slappart0', outcome: 'processed' }] });
});
