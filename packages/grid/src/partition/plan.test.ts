import { expect, test } from 'vitest';

import {
  type InstancePlanOptions,
  type ObservedPartition,
  planInstance,
  planPartition,
  type RequestedPartition,
  unknownPartitions,
} from './plan.js';

const NOW_MS = 1_795_411_921_000;
const DAY_MS = 86_400_000;

const UP_TO_DATE: ObservedPartition = {
  folder: 'present',
  timestamp: '1763800000',
  timestampWrittenAtMs: NOW_MS - 1000,
  releaseInstalled: true,
};
const STARTED: RequestedPartition = {
  partitionId: 'slappart0',
  requestedState: 'started',
  softwareReleaseUrl: 'https://example.org/software.cfg',
  timestamp: '1763800000',
};
const OPTIONS: InstancePlanOptions = { maximumPeriodicitySeconds: 86_400 };

type Case = [
  name: string,
  change: {
    observed?: Partial<ObservedPartition>;
    requested?: Partial<RequestedPartition>;
    options?: Partial<InstancePlanOptions>;
  },
  expected: string,
];

const NO_TIMESTAMP = { timestamp: undefined as unknown as string };

test.each<Case>([
  ['up to date and started: only anomalies', {}, 'check unchanged'],
  ['up to date and stopped: nothing', { requested: { requestedState: 'stopped' } }, 'skip unchanged'],
  ['up to date and destroyed: nothing', { requested: { requestedState: 'destroyed' } }, 'skip unchanged'],
  ['never deployed', { observed: NO_TIMESTAMP }, 'process not-deployed'],
  ['the master gives no timestamp', { requested: NO_TIMESTAMP }, 'process no-timestamp'],
  ['a newer timestamp', { requested: { timestamp: '1763800001' } }, 'process newer-timestamp'],
  ['an older timestamp, too', { requested: { timestamp: '1763799999' } }, 'process timestamp-changed'],
  ['timestamps are compared as text', { requested: { timestamp: '1763800000.0' } }, 'process timestamp-changed'],
  ['an empty file of a crash differs', { observed: { timestamp: '' } }, 'process timestamp-changed'],
  ['exactly a periodicity old: not yet', { observed: { timestampWrittenAtMs: NOW_MS - DAY_MS } }, 'check unchanged'],
  [
    'older than the periodicity',
    { observed: { timestampWrittenAtMs: NOW_MS - DAY_MS - 1 } },
    'process periodicity-elapsed',
  ],
  [
    'also when stopped',
    { observed: { timestampWrittenAtMs: 0 }, requested: { requestedState: 'stopped' } },
    'process periodicity-elapsed',
  ],
  [
    'a success from the future is no reason',
    { observed: { timestampWrittenAtMs: NOW_MS + DAY_MS } },
    'check unchanged',
  ],
  ['periodicity 0: always', { options: { maximumPeriodicitySeconds: 0 } }, 'process periodicity-zero'],
  ['the release’s periodicity wins', { observed: { releasePeriodicitySeconds: 0 } }, 'process periodicity-zero'],
  [
    'negative: only a new timestamp counts',
    { observed: { timestampWrittenAtMs: 0, releasePeriodicitySeconds: -1 } },
    'check unchanged',
  ],
  [
    'negative: a new timestamp counts',
    { observed: { releasePeriodicitySeconds: -1 }, requested: { timestamp: '2' } },
    'process timestamp-changed',
  ],
  ['force', { options: { force: true } }, 'process forced'],
  ['force-stop of a started one', { options: { forceStop: true } }, 'process force-stop'],
  [
    'force-stop of a stopped one changes nothing',
    { options: { forceStop: true }, requested: { requestedState: 'stopped' } },
    'skip unchanged',
  ],
  ['named', { options: { onlyPartitions: ['slappart0'] } }, 'check unchanged'],
  ['not named', { options: { onlyPartitions: ['slappart1'], force: true } }, 'skip filtered'],
  [
    'free',
    { requested: { requestedState: 'destroyed', softwareReleaseUrl: undefined }, options: { force: true } },
    'tidy free',
  ],
  [
    'free when the master says nothing',
    { requested: { requestedState: undefined, softwareReleaseUrl: undefined } },
    'tidy free',
  ],
  [
    'free ones are tidied outside the filter, too',
    { requested: { requestedState: 'destroyed', softwareReleaseUrl: undefined }, options: { onlyPartitions: ['x'] } },
    'tidy free',
  ],
  [
    'destroyed with a release is processed',
    { requested: { requestedState: 'destroyed' }, observed: NO_TIMESTAMP },
    'process not-deployed',
  ],
  ['no folder', { observed: { folder: 'absent' } }, 'refuse folder-missing'],
  ['a file in its place', { observed: { folder: 'not-a-folder' } }, 'refuse folder-missing'],
  ['a state that nobody knows', { requested: { requestedState: 'paused', timestamp: '2' } }, 'refuse unknown-state'],
  ['an empty id', { requested: { partitionId: '' } }, 'refuse invalid-id'],
  ['an id that leads elsewhere', { requested: { partitionId: '../etc' } }, 'refuse invalid-id'],
  ['an id with a line end', { requested: { partitionId: 'a\n[program:x]' } }, 'refuse invalid-id'],
])('%s', (_name, { observed, requested, options }, expected) => {
  const planned = planPartition(
    { ...UP_TO_DATE, ...observed },
    { ...STARTED, ...requested },
    { ...OPTIONS, ...options },
    NOW_MS,
  );
  expect(`${planned.action} ${planned.reason}`).toBe(expected);
});

test.each<[string, boolean, { services: string; keepsTimestamp: boolean }]>([
  ['started', false, { services: 'start', keepsTimestamp: true }],
  ['started', true, { services: 'stop', keepsTimestamp: false }],
  ['stopped', false, { services: 'stop', keepsTimestamp: true }],
  ['stopped', true, { services: 'stop', keepsTimestamp: true }],
  ['destroyed', false, { services: 'stop', keepsTimestamp: true }],
])('processing of a %s partition, force-stop %s', (requestedState, forceStop, expected) => {
  const planned = planPartition(
    UP_TO_DATE,
    { ...STARTED, requestedState, timestamp: '2' },
    { ...OPTIONS, forceStop },
    NOW_MS,
  );
  expect(planned).toMatchObject({ action: 'process', requestedState, ...expected });
});

test('a partition whose release is not there is blocked, unless it is to be destroyed', () => {
  const observed = { ...UP_TO_DATE, releaseInstalled: false };
  const plan = (requestedState: string): unknown =>
    planPartition(observed, { ...STARTED, requestedState, timestamp: '2' }, OPTIONS, NOW_MS);
  expect(plan('started')).toMatchObject({ blocked: true });
  expect(plan('stopped')).toMatchObject({ blocked: true });
  expect(plan('destroyed')).toMatchObject({ blocked: false });
});

test('the plan is in the master’s order, and a partition that was not observed has no folder', () => {
  const plan = planInstance(
    new Map([['slappart1', UP_TO_DATE]]),
    [{ ...STARTED, partitionId: 'slappart1' }, STARTED],
    OPTIONS,
    NOW_MS,
  );
  expect(plan.map((item) => [item.partitionId, item.action])).toEqual([
    ['slappart1', 'check'],
    ['slappart0', 'refuse'],
  ]);
});

test('names that the master does not know are sorted and given once', () => {
  expect(unknownPartitions(['b', 'slappart0', 'a', 'b'], [STARTED])).toEqual(['a', 'b']);
});
