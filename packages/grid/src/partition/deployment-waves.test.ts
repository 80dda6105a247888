import { expect, it } from 'vitest';

import { deploymentWaves } from './deployment-waves.js';
import { planPartition, type ObservedPartition } from './plan.js';

interface Described {
  readonly title?: string;
  readonly root?: string;
  readonly state?: string;
  readonly isDeployed?: boolean;
}

function item(partitionId: string, { title = partitionId, root, state = 'started', isDeployed = false }: Described) {
  const observed: ObservedPartition = {
    folder: 'present',
    releaseInstalled: true,
    ...(isDeployed ? { timestamp: '1', timestampWrittenAtMs: 0 } : {}),
  };
  const requested = {
    partitionId,
    computerId: 'COMP-1',
    requestedState: state,
    softwareReleaseUrl: 'https://sr.example/software.cfg',
    timestamp: '2',
    instanceTitle: title,
    ...(root === undefined ? {} : { rootInstanceTitle: root }),
  };
  const planned = planPartition(observed, requested, { maximumPeriodicitySeconds: 60 }, 0);
  return { planned, observed, requested: requested as never };
}

const names = (waves: readonly (readonly { planned: { partitionId: string } }[])[]): string[][] =>
  waves.map((wave) => wave.map(({ planned }) => planned.partitionId));

it('children wait for the first deployment of their root, in the order of the master otherwise', () => {
  const items = [
    item('p0', { title: 'child', root: 'web' }),
    item('p1', { title: 'web', root: 'web' }),
    item('p2', { title: 'other', root: 'other' }),
    item('p3', { title: 'grandchild', root: 'web' }),
  ];
  expect(names(deploymentWaves(items))).toEqual([
    ['p1', 'p2'],
    ['p0', 'p3'],
  ]);
});

it.each([
  ['the root is deployed', [item('p0', { root: 'web' }), item('p1', { title: 'web', root: 'web', isDeployed: true })]],
  ['the child is deployed', [item('p0', { root: 'web', isDeployed: true }), item('p1', { title: 'web', root: 'web' })]],
  ['the root is on another computer', [item('p0', { root: 'web' })]],
  [
    'the root is to be destroyed',
    [item('p0', { root: 'web' }), item('p1', { title: 'web', root: 'web', state: 'destroyed' })],
  ],
  [
    'the child is to be destroyed',
    [item('p0', { root: 'web', state: 'destroyed' }), item('p1', { title: 'web', root: 'web' })],
  ],
  ['the master names no roots', [item('p0', {}), item('p1', { title: 'web' })]],
])('nothing waits when %s', (_, items) => {
  expect(deploymentWaves(items)[1]).toEqual([]);
});
