import { expect, test } from 'vitest';

import { escapeControlCharacters } from './escape.js';
import { redactSecrets } from './redact.js';

test('every byte becomes one printable line', () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
  const escaped = escapeControlCharacters(`${all}\u202e\u2066\u2028\ud800`);
  expect(escaped).toMatch(/^[\t\u0020-\u007e\u00a0-\u00ff\u202e\ufffd]*$/u);
  expect(escaped).toContain('\\x0a');
  expect(escaped).toContain('\\x1b');
  expect(escaped).toContain('\\x9b');
  expect(escaped).toContain('\\u202e\\u2066\\u2028\uFFFD');
});

test('ordinary text, tabs and emoji stay', () => {
  expect(escapeControlCharacters('é\t日本 👍')).toBe('é\t日本 👍');
});

test.each([
  ['https://user:pass@host/x', 'https://[hidden]@host/x'],
  ['git+https://token@host/x', 'git+https://[hidden]@host/x'],
  ['password = hunter2, user = me', 'password = [hidden], user = me'],
  ['{"api_key": "a\\"b", "x": 1}', '{"api_key": [hidden], "x": 1}'],
  ['DB_PASSWORD=x y', 'DB_PASSWORD=[hidden] y'],
  ['Authorization: Bearer abc.def', 'Authorization: [hidden]'],
  ['a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b', 'a [hidden] b'],
  ['-----BEGIN PRIVATE KEY-----\nMII cut', '[hidden]'],
  ['the literal s3cr3t here', 'the literal [hidden] here'],
  ['mailto me@host, https://host/@x', 'mailto me@host, https://host/@x'],
  [
    '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----',
    '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----',
  ],
])('%j', (text, expected) => {
  expect(redactSecrets(text, ['s3cr3t\n', 'x'])).toBe(expected);
});
