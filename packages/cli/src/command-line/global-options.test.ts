import { describe, expect, it } from 'vitest';
import { liftGlobalOptions } from './global-options.js';

const DEFAULTS = {
  help: false,
  version: false,
  level: 'info',
  debug: false,
  logFile: undefined,
  showTime: true,
  colour: 'auto',
  logFormat: undefined,
};

describe('liftGlobalOptions', () => {
  it.each([
    ['', '', {}],
    ['-v node software', 'node software', { level: 'debug' }],
    ['node -v software', 'node software', { level: 'debug' }],
    ['node software --verbose', 'node software', { level: 'debug' }],
    ['node software -vv', 'node software', { level: 'debug', debug: true }],
    ['node software -v -v', 'node software', { level: 'debug', debug: true }],
    ['node software -q', 'node software', { level: 'warn' }],
    ['node software --quiet', 'node software', { level: 'warn' }],
    ['node --debug software', 'node software', { debug: true }],
    ['--log-file a node software', 'node software', { logFile: 'a' }],
    ['node software --logfile=a', 'node software', { logFile: 'a' }],
    ['node software --log_file a --now', 'node software --now', { logFile: 'a' }],
    ['node software --logf a', 'node software', { logFile: 'a' }],
    ['--log-file a --log-file b x', 'x', { logFile: 'b' }],
    ['node software --log-color', 'node software', {}],
    ['node software --log-time', 'node software', { showTime: false }],
    ['node software -h', 'node software', { help: true }],
    ['--version', '', { version: true }],
    ['--vers', '', { version: true }],
    ['node software --qui --h', 'node software', { level: 'warn', help: true }],
    ['node software -vvh', 'node software', { level: 'debug', debug: true, help: true }],
    ['node software --color never', 'node software', { colour: 'never' }],
    ['node software --color=always', 'node software', { colour: 'always' }],
    ['--no-color node software', 'node software', { colour: 'never' }],
    ['node software --log-format json', 'node software', { logFormat: 'json' }],
    ['--log-level error node software', 'node software', { level: 'error' }],
    ['node software --computer-id a --color always', 'node software --computer-id a', { colour: 'always' }],
    ['node register --col x', 'node register --col x', {}],
    ['node software -vx', 'node software -vx', {}],
    ['request --parameters a=-v b', 'request --parameters a=-v b', {}],
    ['console script -- -v', 'console script -- -v', {}],
    // Behind the first word of the other program everything is its own.
    ['node supervisorctl tail -q x', 'node supervisorctl tail -q x', {}],
    ['node supervisorctl -q tail x', 'node supervisorctl tail x', { level: 'warn' }],
    ['node status --cfg f -q', 'node status --cfg f', { level: 'warn' }],
    ['node tail --cfg=f slappart0:web -v', 'node tail --cfg=f slappart0:web -v', {}],
  ])('%j leaves %j', (line, rest, options) => {
    const words = line.split(' ').filter((word) => word !== '');
    expect(liftGlobalOptions(words)).toEqual({
      rest: rest.split(' ').filter((word) => word !== ''),
      options: { ...DEFAULTS, ...options },
    });
  });

  it.each([
    ['-q -v', /argument -q\/--quiet: not allowed with argument -v\/--verbose/],
    ['node software --log-file', /argument --log-file: expected one argument/],
    ['--color', /argument --color: expected one argument/],
    ['--color blue', /argument --color: invalid choice: 'blue' \(choose from 'auto', 'always', 'never'\)/],
    ['--log-format xml', /argument --log-format: invalid choice: 'xml' \(choose from 'text', 'json', 'journal'\)/],
    ['--log-level loud', /invalid choice: 'loud'/],
    ['node software --lo x', /ambiguous option: --lo could match --log-file, /],
    ['--ver', /ambiguous option: --ver could match --version, --verbose/],
    ['--log- x', /ambiguous option: --log- could match --log-file, /],
  ])('%j is refused', (line, message) => {
    expect(() => liftGlobalOptions(line.split(' '))).toThrow(message);
  });
});
