import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { MasterPartition, MasterState } from './invariants/master-state.mjs';
import { checkWishes } from './invariants/wishes-kept.mjs';
import { layoutIn, releaseUrl } from './node/layout.mjs';
import { type Step, stepsOfRound } from './steps.mjs';
import { Torture } from './torture.mjs';
import type { AskedWish } from './wishes/wishes.mjs';

const ROUND_TIMEOUT_MS = 120_000;
const FIXED_SEED = 13;
const LENGTH = 5;
const LARGEST_SEED = 1_000_000;

describe('a real node', () => {
  let torture: Torture;
  beforeAll(async () => {
    torture = await Torture.begin();
  }, ROUND_TIMEOUT_MS);
  afterAll(() => torture.end(), ROUND_TIMEOUT_MS);

  const random = 1 + Math.floor(Math.random() * LARGEST_SEED);
  test.each([FIXED_SEED, random])(
    'comes through a round of torture and all invariants hold: seed %i',
    async (seed) => {
      const steps = stepsOfRound({ seed, round: 0, length: LENGTH });
      expect(await torture.round(steps), `seed ${seed}: ${JSON.stringify(steps)}`).toEqual([]);
    },
    ROUND_TIMEOUT_MS,
  );

  test(
    'what breaks an invariant is found',
    async () => {
      const { canary, instanceRoot, temporary } = layoutIn(torture.directory);
      await writeFile(path.join(canary, 'file'), 'eaten');
      await writeFile(path.join(temporary, 'left'), '');
      // A partition in use misses its service, a free one has what nobody asked for.
      await rm(path.join(instanceRoot, 'slappart0/etc/service'), { recursive: true, force: true });
      await writeFile(path.join(instanceRoot, 'slappart0/left'), '');
      const found = (await torture.round([])).map(({ invariant }) => invariant);
      expect(found).toContain('nothing outside is touched');
      expect(found).toContain('no temporary file is left');
      expect(found).toContain('the node converges');
    },
    ROUND_TIMEOUT_MS,
  );
});

describe('what the master granted', () => {
  const wish: AskedWish = { name: 'web', release: 'one', state: 'started', shared: false, n: 1, answer: 'granted' };
  const partition: MasterPartition = {
    id: 'slappart0',
    name: 'web',
    release: releaseUrl('one'),
    state: 'started',
    n: '1',
    digest: undefined,
    shared: [],
    lastWord: 'started',
    isFree: false,
  };
  const shared: AskedWish = { ...wish, name: 'guest', shared: true };
  const guest = { reference: '_guest', n: '1' };
  const free: MasterPartition = { ...partition, isFree: true, name: '' };
  const master = (...partitions: MasterPartition[]): MasterState => ({
    integrity: 'ok',
    partitions,
    usage: [],
    releases: {},
    releaseWords: {},
  });

  test.each<[string, AskedWish[], MasterPartition[], string[]]>([
    ['is there', [wish], [partition], []],
    ['is lost', [wish], [free], ['web was granted, and is nowhere']],
    [
      'is there twice',
      [wish],
      [partition, { ...partition, id: 'slappart1' }],
      ['web is in 2 partitions: slappart0, slappart1'],
    ],
    ['is another', [wish], [{ ...partition, n: '2' }], ['web in slappart0 has n 2, and 1 was granted']],
    ['nobody asked for', [], [partition], ['slappart0 has web, whom nobody asked for']],
    [
      'was refused, and is there',
      [{ ...wish, answer: 'refused' }],
      [partition],
      ['web is in slappart0, and should not be there (refused, started)'],
    ],
    ['is shared', [wish, shared], [{ ...partition, shared: [guest] }], []],
    ['is shared and lost', [wish, shared], [partition], ['the shared instance guest was granted, and is on no host']],
    [
      'is shared and on two hosts',
      [wish, shared],
      [
        { ...partition, shared: [guest] },
        { ...free, id: 'slappart1', shared: [guest] },
      ],
      ['the shared instance guest is on 2 hosts: slappart0, slappart1'],
    ],
  ])('%s', (_, wishes, partitions, details) => {
    expect(checkWishes(wishes, master(...partitions)).map(({ detail }) => detail)).toEqual(details);
  });

  test('is a supply', () => {
    const url = releaseUrl('one');
    const supplies = new Map([[url, 'available']]);
    const lost = checkWishes([], master(), supplies).map(({ detail }) => detail);
    expect(lost).toEqual([`${url} is destroyed, and available was granted`]);
    expect(checkWishes([], { ...master(), releases: { [url]: 'available' } }, supplies)).toEqual([]);
  });
});

test('a seed and a round always give the same steps', () => {
  const steps = (seed: number, round: number): Step[] => stepsOfRound({ seed, round, length: LENGTH });
  expect(steps(1, 2)).toEqual(steps(1, 2));
  expect(steps(1, 2)).not.toEqual(steps(1, 3));
  expect(steps(1, 2)).toHaveLength(LENGTH);
});

test.each([
  [['--seed', 'none'], '--seed takes a number above 0'],
  [['--rounds', '0'], '--rounds takes a number above 0'],
  [['--replay', '/nonexistent'], '/nonexistent'],
  [['--bogus'], '--bogus'],
])('wrong use is told: %j', async (args, message) => {
  const program = path.join(import.meta.dirname, 'main.mjs');
  const end: unknown = await promisify(execFile)(process.execPath, [program, ...args]).catch((error: unknown) => error);
  expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining(message) as string });
});
