import { describe, expect, it } from 'vitest';
import { normaliseOptions } from './command-options.js';

const OPTIONS = [
  { name: 'cfg' },
  { name: 'pidfile' },
  { name: 'promise-timeout' },
  { name: 'partition-timeout' },
  { name: 'only-cp', aliases: ['only'] },
];

function normalise(line: string): string {
  return normaliseOptions('node instance', line.split(' '), OPTIONS).join(' ');
}

describe('normaliseOptions', () => {
  it.each([
    ['--pidfile x', '--pidfile x'],
    ['--pidf x', '--pidfile x'],
    ['--pidf=x', '--pidfile=x'],
    ['--promise_timeout=5', '--promise-timeout=5'],
    ['--only a_b', '--only a_b'],
    ['--onl a', '--only-cp a'],
    ['-n a_b --cfg /x_y', '-n a_b --cfg /x_y'],
    ['a -- --pidf --nonsense', 'a -- --pidf --nonsense'],
    ['key=--value', 'key=--value'],
  ])('%j becomes %j', (typed, expected) => {
    expect(normalise(typed)).toBe(expected);
  });

  it('refuses a prefix of several options', () => {
    expect(() => normalise('--p x')).toThrow(
      'slapos node instance: error: ambiguous option: --p could match --pidfile, --promise-timeout, --partition-timeout',
    );
  });

  it('refuses what the command has not, with the nearest that it has', () => {
    expect(() => normalise('--olny-cp x')).toThrow(
      'slapos node instance: error: unrecognized arguments: --olny-cp   (did you mean --only-cp?)',
    );
    expect(() => normalise('--frobnicate')).toThrow(/unrecognized arguments: --frobnicate$/);
  });
});
