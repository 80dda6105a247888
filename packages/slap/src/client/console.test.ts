import { describe, expect, test } from 'vitest';

import { clientOptionsFromConfiguration } from './console.js';

const slapos = { master_url: 'https://m/', key_file: '~/k', cert_file: '/c' };

describe('the configuration of a client', () => {
  test('comes from [slapos], ~ stands for the home folder', () => {
    const options = clientOptionsFromConfiguration({
      slapos: { ...slapos, master_ca_file: '~/ca' },
      homeDirectory: '/home/me',
    });
    expect(options).toMatchObject({
      masterUrl: 'https://m/',
      keyFile: '/home/me/k',
      certFile: '/c',
      masterCaFile: '/home/me/ca',
    });
  });

  test.each([
    { options: { master_url: 'http://a' }, slapconsole: { master_url: 'http://b' }, expected: 'http://a' },
    { options: { master_url: '' }, slapconsole: { master_url: 'http://b' }, expected: 'http://b' },
    { options: {}, slapconsole: {}, expected: 'https://m/' },
  ])('the first place that has a value counts: $expected', ({ expected, ...sources }) => {
    expect(clientOptionsFromConfiguration({ slapos, ...sources }).masterUrl).toBe(expected);
  });

  test('certificate and key come from the same place', () => {
    const sources = { slapos, slapconsole: { key_file: '/other' } };
    expect(() => clientOptionsFromConfiguration(sources)).toThrow(/'key_file' and\/or 'cert_file'/);
  });

  test.each([
    [{}, /No option 'master_url'/],
    [{ slapos: { master_url: 'https://m/' } }, /No option 'key_file'/],
    [{ slapos: { ...slapos, master_insecure: 'maybe' as 'true' } }, /section \[slapos\].*master_insecure/],
  ])('%j is refused', (sources, message) => {
    expect(() => clientOptionsFromConfiguration(sources)).toThrow(message);
  });

  test('http needs no certificate', () => {
    expect(clientOptionsFromConfiguration({ slapos: { master_url: 'http://m/' } })).toMatchObject({ insecure: false });
  });
});
