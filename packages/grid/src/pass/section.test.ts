import { expect, test } from 'vitest';

import {
  firewallOptionsFromSection,
  firewallSectionSchema,
  gridSectionSchema,
  instanceOptionsFromSection,
  softwareOptionsFromSection,
} from './section.js';

const MINIMUM = { computer_id: 'COMP-1', master_url: 'https://m/', software_root: '/soft', instance_root: '/inst' };

function section(more: Record<string, string>): ReturnType<typeof gridSectionSchema.parse> {
  return gridSectionSchema.parse({ ...MINIMUM, ...more });
}

test('what is not there has no option', () => {
  expect(softwareOptionsFromSection(section({}))).toEqual({
    computerId: 'COMP-1',
    masterUrl: 'https://m/',
    softwareRoot: '/soft',
    instanceRoot: '/inst',
    force: false,
    networkCache: {},
  });
});

test('numbers, sizes, booleans and lists are read as what they are', () => {
  const options = instanceOptionsFromSection(
    section({
      maximum_periodicity: '-1',
      promise_timeout: '30',
      'partition-timeout': '600',
      instance_min_free_space: '0.5kilo',
      shared_part_list: '\n/opt/a\n  /opt/b\n',
      force_stop: 'True',
      develop: 'false',
      only_cp: ' slappart0, slappart1,',
      jobs: '3',
    }),
  );
  expect(options).toMatchObject({
    maximumPeriodicitySeconds: -1,
    promiseTimeoutSeconds: 30,
    partitionTimeoutSeconds: 600,
    minimumFreeBytes: 512n,
    sharedPartList: ['/opt/a', '/opt/b'],
    forceStop: true,
    force: false,
    onlyPartitions: ['slappart0', 'slappart1'],
    jobs: 3,
  });
});

test('the command line wins over the file, force means develop, and the old names still count', () => {
  const options = softwareOptionsFromSection(
    section({
      'only-sr': 'file',
      only_sr: 'typed',
      force: 'true',
      signature_private_key_file: '/key',
      'binary-cache-url-blacklist': 'https://a\nhttps://b',
      'download-from-binary-cache-url-blacklist': '',
    }),
  );
  expect(options).toMatchObject({
    onlySoftwareReleases: ['typed'],
    force: true,
    networkCache: { 'signature-private-key-file': '/key' },
    neverDownloadPrefixes: ['https://a', 'https://b'],
  });
});

test.each([
  ['maximum_periodicity', 'daily', /whole number/],
  ['promise_timeout', '0', /above 0/],
  ['software_min_free_space', '1 parsec', /size/],
  ['force', 'maybe', /true or false/],
  ['computer_id', ' ', /empty/],
])('%s = %s is refused', (key, value, message) => {
  const result = gridSectionSchema.safeParse({ ...MINIMUM, [key]: value });
  expect(result.error?.issues[0]?.path).toEqual([key]);
  expect(result.error?.issues[0]?.message).toMatch(message);
});

test('the firewall’s section', () => {
  const options = firewallOptionsFromSection(
    firewallSectionSchema.parse({
      firewall_cmd: '/usr/bin/firewall-cmd --quiet',
      authorized_sources: '\n10.0.0.1\n10.0.0.2',
      firewall_executable: '/usr/sbin/firewalld',
    }),
  );
  expect(options).toEqual({
    firewall: { command: ['/usr/bin/firewall-cmd', '--quiet'], authorizedSources: ['10.0.0.1', '10.0.0.2'] },
    firewallPrograms: { executable: '/usr/sbin/firewalld' },
  });
  expect(
    firewallOptionsFromSection(firewallSectionSchema.parse({ testing: 'true', firewall_executable: 'x' }))
      .firewallPrograms,
  ).toEqual({});
});
