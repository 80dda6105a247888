import { expect, test } from 'vitest';

import { type ObservedSoftware, planSoftware, type SoftwarePlanOptions } from './plan.js';
import { softwareReleaseHash } from './release-path.js';

const URL_A = 'https://example.org/a/software.cfg';
const URL_B = 'https://example.org/b/software.cfg';
const A = softwareReleaseHash(URL_A);

function observed(state: 'absent' | 'incomplete' | 'complete', folders: string[] = []): ObservedSoftware {
  const releases = new Map(
    state === 'absent' ? [] : [[A, { directoryExists: true, completed: state === 'complete' }] as const],
  );
  return { releases, releaseFolders: folders };
}

test.each<[string, Parameters<typeof observed>[0], string, SoftwarePlanOptions, string]>([
  ['a new one is built', 'absent', 'available', {}, 'build new'],
  ['an unfinished one is built', 'incomplete', 'available', {}, 'build incomplete'],
  ['a complete one causes nothing', 'complete', 'available', {}, 'keep complete'],
  ['force builds a complete one', 'complete', 'available', { force: true }, 'build forced'],
  ['force changes nothing for a new one', 'absent', 'available', { force: true }, 'build new'],
  ['destroyed is removed', 'complete', 'destroyed', {}, 'destroy requested'],
  ['destroyed is reported without a folder', 'absent', 'destroyed', {}, 'destroy requested'],
  ['force does not build a destroyed one', 'complete', 'destroyed', { force: true }, 'destroy requested'],
  ['a filter by URL lets it pass', 'absent', 'available', { onlySoftwareReleases: [URL_A] }, 'build new'],
  ['a filter by MD5 lets it pass', 'absent', 'available', { onlySoftwareReleases: [A] }, 'build new'],
  ['a filter leaves others alone', 'absent', 'available', { onlySoftwareReleases: [URL_B] }, 'skip filtered'],
  ['a filter is not a force', 'complete', 'available', { onlySoftwareReleases: [URL_A] }, 'keep complete'],
  ['a filter keeps destroyed ones, too', 'complete', 'destroyed', { onlySoftwareReleases: [URL_B] }, 'skip filtered'],
  ['an empty filter is none', 'absent', 'available', { onlySoftwareReleases: [] }, 'build new'],
  ['an unknown state is refused', 'absent', 'paused', {}, 'refuse unknown-state'],
])('%s', (_name, state, requestedState, options, expected) => {
  const [planned] = planSoftware(observed(state), [{ url: URL_A, requestedState }], options).releases;
  expect(`${planned?.action ?? ''} ${planned?.reason ?? ''}`).toBe(expected);
});

test.each(['', ' https://a/', 'https://a/\nparts = evil', 'https://a/\u2028b', `https://${'a'.repeat(5000)}`])(
  'the URL %j is refused',
  (url) => {
    const { releases } = planSoftware(observed('absent'), [{ url, requestedState: 'available' }], {});
    expect(releases).toMatchObject([{ action: 'refuse', reason: 'invalid-url' }]);
  },
);

test('the order is the master’s, and a second mention of a release is left out', () => {
  const plan = planSoftware(
    observed('absent'),
    [URL_B, URL_A, URL_B].map((url) => ({ url, requestedState: 'available' })),
    {},
  );
  expect(plan.releases.map((item) => [item.softwareReleaseUrl, item.action, item.reason])).toEqual([
    [URL_B, 'build', 'new'],
    [URL_A, 'build', 'new'],
    [URL_B, 'skip', 'duplicate'],
  ]);
});

test('garbage is what the master does not ask for, whatever became of the others', () => {
  const garbage = softwareReleaseHash('https://example.org/old');
  const found = observed('complete', [A, garbage]);
  const requested = [{ url: URL_A, requestedState: 'available' }];
  expect(planSoftware(found, requested, {}).collections).toEqual([]);
  expect(planSoftware(found, requested, { collectGarbage: true }).collections).toEqual([
    { action: 'collect', reason: 'not-requested', directoryName: garbage },
  ]);
  // A release that is to be destroyed is no longer wanted, so that a destruction that failed is made up for.
  const destroyed = [{ url: URL_A, requestedState: 'destroyed' }];
  expect(
    planSoftware(found, destroyed, { collectGarbage: true }).collections.map((item) => item.directoryName),
  ).toEqual([A, garbage]);
});
