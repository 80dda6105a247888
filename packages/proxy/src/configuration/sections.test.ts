import { expect, test } from 'vitest';

import { resolveProxyOptions } from './proxy-options.js';
import {
  keysWithoutEffect,
  multimasterSectionSchema,
  proxyOptionsFromSections,
  slapproxySectionSchema,
} from './sections.js';

const MINIMAL = { port: '5000', database_uri: '/srv/proxy.db', computer_id: 'COMP-1' };

const S3_KEYS = {
  shacache_s3_endpoint: 'https://s3.example',
  shacache_s3_bucket: 'cache',
  shacache_s3_access_key_id: 'me',
  shacache_s3_secret_access_key: 's',
};

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
  [{ http_proxy_private_networks: '10.0.0.0' }, 'http_proxy_private_networks: expected networks'],
  [{ shacache_max_size: 'large' }, 'shacache_max_size: expected a size such as 500M or 2G'],
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

test.each([
  [{ shacache_content_directory: '/c', shacache_metadata_directory: '/m', shacache_max_size: '2G' }, []],
  [{ shacache_s3_bucket: 'b', shacache_max_size: '' }, ['shacache_s3_bucket']],
  [
    { shacache_content_directory: '/c', shacache_metadata_directory: '/m', shacache_s3_prefix: 'p/' },
    ['shacache_s3_prefix'],
  ],
  [{ ...S3_KEYS, shacache_content_directory: '/c' }, ['shacache_content_directory']],
  [{ http_proxy_private_networks: '10.0.0.0/8' }, ['http_proxy_private_networks']],
])('without effect: %o', (keys, useless) => {
  expect(keysWithoutEffect(slapproxySectionSchema.parse({ ...MINIMAL, ...keys }))).toEqual(useless);
});

test('a bucket in place of two folders, and hosts of the http proxy', () => {
  const section = slapproxySectionSchema.parse({
    ...MINIMAL,
    ...S3_KEYS,
    shacache_s3_prefix: 'team/',
    shacache_max_size: '2 GiB',
    http_proxy_targets: 'app.example\n*.lab.example',
    http_proxy_private_networks: '10.0.0.0/8',
  });
  expect(proxyOptionsFromSections(section, [])).toMatchObject({
    sharedCache: {
      s3: { endpoint: 'https://s3.example', bucket: 'cache', accessKeyId: 'me', secretAccessKey: 's', prefix: 'team/' },
      maxTotalBytes: 2 * 1024 ** 3,
    },
    httpProxy: { targets: ['app.example', '*.lab.example'], privateNetworks: ['10.0.0.0/8'] },
  });
});
