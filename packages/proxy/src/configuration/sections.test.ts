import { expect, test } from 'vitest';

import { resolveProxyOptions } from './proxy-options.js';
import {
  keysWithoutEffect,
  multimasterSectionSchema,
  proxyOptionsFromSections,
  slapproxySectionSchema,
} from './sections.js';

const MINIMAL = { port: '5000', database_uri: '/srv/proxy.db', computer_id: 'COMP-1' };

const problemOf = (section: object) =>
  slapproxySectionSchema.safeParse(section).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

test('defaults', () => {
  expect(slapproxySectionSchema.parse(MINIMAL)).toMatchObject({
    host: '127.0.0.1',
    port: 5000,
    database_uri: '/srv/proxy.db',
    computer_id: 'COMP-1',
    software_product_list: {},
    local_software_release_root: '/',
    trust_forwarded_headers: false,
    allowed_hosts: [],
  });
});

test('all values, as texts of a file', () => {
  const section = slapproxySectionSchema.parse({
    ...MINIMAL,
    host: ' ::1 ',
    software_product_list: '\nkvm https://a/kvm.cfg\n\n  erp5 https://a/erp5.cfg\n',
    local_software_release_root: '/srv/releases',
    trust_forwarded_headers: 'True',
    allowed_hosts: '\nproxy.example\nother.example',
    log_file: '/var/log/proxy.log',
    'public-directory-path': '/srv/public',
    'shacache-signing-key-path': '/srv/key.pem',
    'shacache-content-directory': '/srv/shacache',
    unknown_key: 'ignored',
  });
  expect(section).toMatchObject({
    host: '::1',
    software_product_list: { kvm: 'https://a/kvm.cfg', erp5: 'https://a/erp5.cfg' },
    trust_forwarded_headers: true,
    allowed_hosts: ['proxy.example', 'other.example'],
    log_file: '/var/log/proxy.log',
    public_directory_path: '/srv/public',
  });
  expect(proxyOptionsFromSections(section)).toMatchObject({ publicDirectory: '/srv/public' });
  expect(keysWithoutEffect(section)).toEqual(['shacache_content_directory']);
});

test.each([
  [{ database_uri: undefined }, 'database_uri: database-uri is required.'],
  [{ database_uri: '' }, 'database_uri: database-uri is required.'],
  [{ computer_id: undefined }, 'computer_id: computer_id is required, in section [slapos]'],
  [{ port: 'http' }, 'port: expected a port'],
  [{ port: '65536' }, 'port: expected a port'],
  [{ port: '-1' }, 'port: expected a port'],
  [{ public_directory_path: 'public' }, 'public_directory_path: expected the absolute path of a folder'],
  [
    { software_product_list: 'kvm  https://a/' },
    'software_product_list: expected "REFERENCE URL" with exactly one space',
  ],
  [{ software_product_list: 'kvm' }, 'software_product_list: expected "REFERENCE URL"'],
  [{ local_software_release_root: 'relative' }, 'local_software_release_root: expected the absolute path of a folder'],
  [{ trust_forwarded_headers: 'maybe' }, 'trust_forwarded_headers: expected true or false'],
])('%o is told', (change, problem) => {
  expect(problemOf({ ...MINIMAL, ...change })).toEqual([expect.stringContaining(problem)]);
});

test('sections become options that createProxy takes', () => {
  const multimaster = {
    url: 'https://master.example/',
    ...multimasterSectionSchema.parse({ key: ' /k ', cert: '/c', software_release_list: '\nhttps://a/\nhttps://b/' }),
  };
  const options = resolveProxyOptions(proxyOptionsFromSections(slapproxySectionSchema.parse(MINIMAL), [multimaster]));
  expect(options.multimaster).toEqual([
    {
      url: 'https://master.example/',
      keyFile: '/k',
      certFile: '/c',
      softwareReleaseUrls: ['https://a/', 'https://b/'],
    },
  ]);
});
