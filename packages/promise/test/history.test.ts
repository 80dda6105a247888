import fs from 'node:fs';
import path from 'node:path';

import { ManualClock } from '@slapos/host/testing';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';

import { readPromiseHistory } from '../src/index.js';
import { TestPartition } from './support.js';

const START = Date.parse('2026-11-23T05:16:44Z');
const MINUTE = 60_000;
const partition = new TestPartition('hist');
afterAll(() => partition[Symbol.asyncDispose]());
beforeEach(() => partition.reset());
afterEach(() => partition.clear());

const setVerdict = (works: boolean): void =>
  partition.add('promise', 'check', `#!/bin/sh\necho ${works ? 'fine' : 'broken'}\n${works ? '' : 'exit 1\n'}`);

async function threePasses(): Promise<void> {
  partition.add('promise', 'steady', '#!/bin/sh\necho steady\n');
  for (const [index, works] of [false, true, true].entries()) {
    setVerdict(works);
    await partition.run({ history: true }, new ManualClock(START + index * MINUTE));
  }
}

test('history and statistics are kept as older nodes did, when asked', async () => {
  await threePasses();
  const mask = (name: string): string =>
    partition.readState(name).replaceAll(/"execution-time": [\d.]+/g, '"execution-time": T');
  expect(mask('history/check.history.json')).toBe(
    `{\n          "date": 1795411004.0,\n          "data": [` +
      [
        '{"title": "check", "name": "check", "execution-time": T, "failed": true, "date": "2026-11-23T05:16:44+0000", "message": "broken", "change-date": "2026-11-23T05:16:44+0000", "status": "ERROR"}',
        '{"execution-time": T, "failed": false, "date": "2026-11-23T05:17:44+0000", "message": "fine", "change-date": "2026-11-23T05:17:44+0000", "status": "OK"}',
        '{"execution-time": T, "failed": false, "date": "2026-11-23T05:18:44+0000", "message": "fine", "change-date": "2026-11-23T05:17:44+0000", "status": "OK"}',
      ].join(',') +
      ']}',
  );
  expect(JSON.parse(mask('promise_status.json'))).toEqual({
    check: ['OK', '2026-11-23T05:17:44+0000', expect.stringMatching(/^[0-9a-f]{32}$/)],
    steady: ['OK', '2026-11-23T05:16:44+0000', expect.stringMatching(/^[0-9a-f]{32}$/)],
  });
  expect(JSON.parse(mask('promise_stats.json'))).toEqual({
    date: START / 1000,
    data: [
      'Date, Success, Error, Warning',
      '2026-11-23T05:16:44+0000, 1, 1, ',
      '2026-11-23T05:17:44+0000, 2, 0, ',
      '2026-11-23T05:18:44+0000, 2, 0, ',
    ],
  });
  expect(mask('public.json')).toBe('{"status": "OK", "date": "2026-11-23T05:18:44+0000", "_links": {}}');
  expect(JSON.parse(mask('global.json'))).toMatchObject({
    status: 'OK',
    state: { error: 0, success: 2 },
    aggregate_reference: 'COMP-1',
    partition_id: 'slappart0',
  });
});

test('a skipped promise counts by what it said the last time', async () => {
  setVerdict(false);
  await partition.run({ history: true }, new ManualClock(START));
  await partition.run({ history: true, force: false }, new ManualClock(START + 1000));
  expect(JSON.parse(partition.readState('public.json'))).toMatchObject({ status: 'ERROR' });
  expect(JSON.parse(partition.readState('history', 'check.history.json'))).toMatchObject({ data: [expect.anything()] });
});

test('a broken file is begun again; a promise that is gone loses its history', async () => {
  await threePasses();
  fs.writeFileSync(partition.state('history', 'check.history.json'), '{"date": 1.0, "data": [');
  fs.rmSync(path.join(partition.path, 'etc', 'promise', 'steady'));
  await partition.run({ history: true }, new ManualClock(START + 3 * MINUTE));
  expect(JSON.parse(partition.readState('history', 'check.history.json'))).toMatchObject({
    data: [{ title: 'check' }],
  });
  expect(fs.readdirSync(partition.state('history'))).toEqual(['check.history.json']);
  expect(Object.keys(JSON.parse(partition.readState('promise_status.json')) as object)).toEqual(['check']);
});

test('a pass without history removes it', async () => {
  await threePasses();
  await partition.run();
  expect(fs.readdirSync(partition.state()).sort()).toEqual(['cache', 'log', 'result']);
});

test('the history can be asked for, with or without the files of it', async () => {
  await threePasses();
  const ask = () => readPromiseHistory({ partitionPath: partition.path, title: 'check', limit: 2 }, partition.logger);
  expect(await ask()).toEqual([
    {
      title: 'check',
      runs: [
        { date: START + 2 * MINUTE, failed: false, message: 'fine', executionSeconds: expect.any(Number) as number },
        { date: START + MINUTE, failed: false, message: 'fine', executionSeconds: expect.any(Number) as number },
      ],
    },
  ]);
  fs.rmSync(partition.state('history'), { recursive: true });
  const [fromLog] = await ask();
  expect(fromLog?.runs.map(({ date, failed, message }) => ({ date, failed, message }))).toEqual([
    { date: START + 2 * MINUTE, failed: false, message: 'fine' },
    { date: START + MINUTE, failed: false, message: 'fine' },
  ]);
  const all = await readPromiseHistory({ partitionPath: partition.path }, partition.logger);
  expect(all.map(({ title, runs }) => [title, runs.map(({ failed }) => failed)])).toEqual([
    ['check', [false, false, true]],
    ['steady', [false, false, false]],
  ]);
});
