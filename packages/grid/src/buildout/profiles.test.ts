import { readFile } from 'node:fs/promises';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { renderPartitionProfile, renderPartitionTail } from './partition-profile.js';
import { renderSoftwareProfile, softwareParameters } from './software-profile.js';

function golden(name: string): Promise<string> {
  return readFile(new URL(`../../test/fixtures/golden/${name}`, import.meta.url), 'utf8');
}

const TAIL = {
  computerId: 'COMP-0',
  partitionId: 'slappart0',
  masterUrl: '@MASTER_URL@',
  softwareReleaseUrl: '@FIXTURE_ROOT@/hello-web/software.cfg',
  keyFile: '@ROOT@/pki/slappart0.key',
  certificateFile: '@ROOT@/pki/slappart0.crt',
  sharedPartList: ['/opt/a', '/opt/b'],
  buildTimePartList: [],
  requestedState: 'started',
  instanceStorageHome: '',
  ipv4GlobalNetwork: '',
};
const SOFTWARE = {
  softwareReleaseUrl: '@FIXTURE_ROOT@/hello-web/software.cfg',
  sharedPartList: ['/opt/a', '/opt/b'],
  buildTimePartList: [],
};

/** The sections of a profile, as Python's parser sees them: options begin in the first column. */
function sections(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const header = /^\[(.*)\]$/.exec(line);
    if (header !== null) found.set(header[1] ?? '', (options = []));
    else if (/^[^\s#]/.test(line)) options.push(line.split('=')[0]?.trim() ?? '');
  }
  return found;
}

describe('the profile of a Software Release', () => {
  test('has the bytes that the Python agent writes', async () => {
    expect(renderSoftwareProfile(SOFTWARE)).toBe(await golden('software-buildout.cfg'));
  });

  test('keeps a per cent sign of the URL', () => {
    expect(renderSoftwareProfile({ ...SOFTWARE, softwareReleaseUrl: 'https://a/%20b' })).toContain(
      'extends = https://a/%20b\n',
    );
  });

  test('is never written with a line end in a value', () => {
    expect(() => renderSoftwareProfile({ ...SOFTWARE, sharedPartList: ['/a\nparts = evil'] })).toThrow(
      /control character/,
    );
  });
});

describe('the tail of a partition', () => {
  test('has the bytes that the Python agent writes', async () => {
    expect(renderPartitionTail(TAIL)).toBe(await golden('partition-buildout-tail.cfg'));
  });

  test('follows the bytes of the profile, whatever they are', () => {
    const profile = Buffer.from([0xff, 0x0a, 0x80]);
    const text = renderPartitionProfile(profile, TAIL);
    expect(text.subarray(0, 5)).toEqual(Buffer.from([0xff, 0x0a, 0x80, 0x0a, 0x0a]));
    expect(text.subarray(5).toString()).toBe(renderPartitionTail(TAIL));
  });

  test('holds the intended options only, for any value', () => {
    const wanted = sections(renderPartitionTail(TAIL));
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('masterUrl', 'softwareReleaseUrl', 'ipv4GlobalNetwork'),
        (value, key) => {
          let text: string;
          try {
            text = renderPartitionTail({ ...TAIL, [key]: value });
          } catch (error) {
            expect(error).toMatchObject({ code: 'GRID_INVALID_VALUE' });
            return;
          }
          expect(sections(text)).toEqual(wanted);
        },
      ),
    );
  });

  test('takes ${…} as data', () => {
    expect(renderPartitionTail({ ...TAIL, masterUrl: 'http://a/${slap-connection:key-file}' })).toContain(
      'server-url = http://a/$${slap-connection:key-file}\n',
    );
  });
});

describe('the parameters of a build', () => {
  test('are these, without a cache', () => {
    expect(softwareParameters({ directory: '/soft/x', networkCache: {}, newest: false })).toEqual([
      'buildout:extends-cache=/soft/x/extends-cache',
      'buildout:directory=/soft/x',
      '-N',
      '-c',
      '/soft/x/buildout.cfg',
    ]);
  });

  test('name the cache’s section only when there is something to upload or to sign with', () => {
    const parameters = (networkCache: Record<string, string>): string[] =>
      softwareParameters({ directory: '/s', networkCache, newest: true }).slice(2, -2);
    expect(parameters({ 'shacache-ca-file': '/ca' })).toEqual(['networkcache:shacache-ca-file=/ca']);
    expect(parameters({ 'shadir-key-file': '/k', 'upload-dir-url': 'https://d', 'upload-cache-url': '' })).toEqual([
      'buildout:networkcache-section=networkcache',
      'networkcache:upload-dir-url=https://d',
      'networkcache:shadir-key-file=/k',
    ]);
  });
});
