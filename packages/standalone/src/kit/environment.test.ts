import os from 'node:os';

import { expect, test } from 'vitest';

import { portOfPath, readTestEnvironment, servedSoftwareUrl } from './environment.js';

test('the variables of the Python test suites', () => {
  const environment = readTestEnvironment({
    SLAPOS_TEST_WORKING_DIR: '/srv/t',
    SLAPOS_TEST_IPV4: '10.0.0.1',
    SLAPOS_TEST_IPV6: 'fd00::1',
    SLAPOS_TEST_DEBUG: '1',
    SLAPOS_TEST_SKIP_SOFTWARE_CHECK: '1',
    SLAPOS_TEST_SHARED_PART_LIST: '~/shared:/opt/shared:',
    SLAPOS_TEST_LOG_DIRECTORY: '/tmp/logs',
    SLAPOS_TEST_SOFTWARE_ROOT_DIR: '/srv/slapos/',
    SLAPOS_TEST_SOFTWARE_ROOT_URL: 'http://127.0.0.1:8000/',
    HOME: '/elsewhere',
  });
  expect(environment).toEqual({
    directory: '/srv/t',
    ipv4: '10.0.0.1',
    ipv6: 'fd00::1',
    debug: true,
    skipSoftwareCheck: true,
    skipSoftwareRebuild: false,
    sharedParts: [`${os.homedir()}/shared`, '/opt/shared'],
    snapshotDirectory: '/tmp/logs',
    served: { directory: '/srv/slapos', url: 'http://127.0.0.1:8000' },
    dependencyTrack: undefined,
  });
  expect(readTestEnvironment({})).toMatchObject({ directory: undefined, debug: false, sharedParts: [] });
});

test('a switch that is neither on nor off is an error', () => {
  expect(() => readTestEnvironment({ SLAPOS_TEST_DEBUG: 'yes' })).toThrow(/SLAPOS_TEST_DEBUG is "yes"/);
});

test('a folder has its own port, the one that Python gives it', () => {
  // 1024 + int(hashlib.md5(b'/srv/t').hexdigest(), 16) % (65535 - 1024)
  expect(portOfPath('/srv/t')).toBe(41408);
});

test('releases below the served folder are asked for by its URL', () => {
  const served = { directory: '/srv/slapos', url: 'http://127.0.0.1:8000' };
  expect(servedSoftwareUrl('/srv/slapos/software/web/software.cfg', served)).toBe(
    'http://127.0.0.1:8000/software/web/software.cfg',
  );
  expect(servedSoftwareUrl('https://a/software.cfg', served)).toBe('https://a/software.cfg');
  expect(servedSoftwareUrl('/elsewhere/software.cfg', undefined)).toBe('/elsewhere/software.cfg');
  for (const release of ['/elsewhere/software.cfg', '/srv/slapos2/software.cfg', '/srv/slapos']) {
    expect(() => servedSoftwareUrl(release, served)).toThrow(/is not below \/srv\/slapos, which is served/);
  }
});

test('a server of Dependency-Track is named whole or not at all', () => {
  const variables = {
    SLAPOS_SR_SBOM_DEPENDENCY_TRACK_URL: 'https://track.example',
    SLAPOS_SR_SBOM_DEPENDENCY_TRACK_API_KEY: 'odt_key',
    SLAPOS_SR_SBOM_DEPENDENCY_TRACK_PROJECT_ID: '42',
  };
  const dependencyTrack = { url: 'https://track.example', apiKey: 'odt_key', projectId: '42' };
  expect(readTestEnvironment(variables).dependencyTrack).toEqual(dependencyTrack);
  expect(() => readTestEnvironment({ ...variables, SLAPOS_SR_SBOM_DEPENDENCY_TRACK_API_KEY: '' })).toThrow(
    'SLAPOS_SR_SBOM_DEPENDENCY_TRACK_API_KEY must be set, too',
  );
});
