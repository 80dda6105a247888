import { describe, expect, it } from 'vitest';
import { ConfigFile } from './config-file.js';
import { parseConfig } from './parse-config.js';
import { readBoolean } from './read-boolean.js';

function read(value: string): boolean | undefined {
  return readBoolean(new ConfigFile(parseConfig(`[slapos]\n\nkey = ${value}\n`, 'slapos.cfg')), 'slapos', 'key');
}

describe('a key that is true or false', () => {
  it.each(['1', 'yes', 'true', 'on', 'True', 'YES'])('is true as %s', (value) => {
    expect(read(value)).toBe(true);
  });

  it.each(['0', 'no', 'false', 'off', 'False'])('is false as %s', (value) => {
    expect(read(value)).toBe(false);
  });

  it.each(['maybe', '', 'true ; sure'])('is refused as %j, with its place', (value) => {
    expect(() => read(value)).toThrow(`slapos.cfg:3: [slapos] key = ${JSON.stringify(value)}: expected true or false`);
  });

  it('is nothing when it is not there', () => {
    expect(readBoolean(new ConfigFile(parseConfig('[slapos]\n', 'slapos.cfg')), 'slapos', 'key')).toBeUndefined();
  });
});
