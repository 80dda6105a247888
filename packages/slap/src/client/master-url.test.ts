import { describe, expect, test } from 'vitest';

import { addIpv6Brackets, parseMasterUrl, proxyFromVariables } from './master-url.js';

describe('brackets around IPv6', () => {
  test.each([
    ['http://fe80:1234:1234:1234:1:1:1:1:5000/foo/', 'http://[fe80:1234:1234:1234:1:1:1:1]:5000/foo/'],
    ['http://fe80:1234:1234:1234:1:1:1:1/foo/', 'http://[fe80:1234:1234:1234:1:1:1:1]/foo/'],
    ['http://fe80::1:5000/x', 'http://[fe80::1:5000]/x'],
    ['https://2001:DB8::A', 'https://[2001:db8::a]'],
    ['http://[::1]:80/', 'http://[::1]:80/'],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5000'],
    ['http://host:80/p?q#f', 'http://host:80/p?q#f'],
    ['::1', '::1'],
    ['http://user@::1/', 'http://user@::1/'],
  ])('%s', (given, expected) => {
    expect(addIpv6Brackets(given)).toBe(expected);
  });
});

describe('the URL of a master', () => {
  test.each([
    ['http://m', 'http://m/'],
    ['https://m/base', 'https://m/base/'],
    ['http://::1', 'http://[::1]/'],
    ['http://user:pw@m/x', 'http://m/x/'],
  ])('%s becomes %s', (given, expected) => {
    expect(parseMasterUrl(given).baseUrl.href).toBe(expected);
  });

  test.each(['', 'm', 'ftp://m/', 'file:///etc/passwd', 'http://', 'http://a b/', '::1', 'javascript:alert(1)'])(
    '%j is none',
    (given) => {
      expect(() => parseMasterUrl(given)).toThrow(expect.objectContaining({ code: 'SLAP_INVALID_ARGUMENT' }));
    },
  );
});

describe('the proxy of the environment', () => {
  const variables = {
    http_proxy: 'http://p:1',
    HTTPS_PROXY: 'http://p:2',
    no_proxy: 'localhost, .internal,10.0.0.1:81,::1',
  };
  test.each([
    ['http://a/', 'http://p:1'],
    ['https://a/', 'http://p:2'],
    ['http://localhost/', undefined],
    ['http://localhost.example/', 'http://p:1'],
    ['http://x.internal/', undefined],
    ['http://10.0.0.1:81/', undefined],
    ['http://10.0.0.1:82/', 'http://p:1'],
    ['http://[::1]/', undefined],
  ])('for %s', (url, expected) => {
    expect(proxyFromVariables(variables, url)).toBe(expected);
  });

  test('none, all, and an empty variable', () => {
    expect(proxyFromVariables({}, 'http://a/')).toBeUndefined();
    expect(proxyFromVariables({ all_proxy: 'http://all' }, 'https://a/')).toBe('http://all');
    expect(proxyFromVariables({ http_proxy: '' }, 'http://a/')).toBeUndefined();
    expect(proxyFromVariables({ ...variables, no_proxy: '*' }, 'http://a/')).toBeUndefined();
  });
});
