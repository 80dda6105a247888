import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigFile, configPath, expandHome, loadConfigFile, loadRawSections } from './config-file.js';
import { parseConfig } from './parse-config.js';

/** What Python 3.11's configparser makes of each text: recorded, not thought up. */
interface Recording {
  readonly text: string;
  readonly sections?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly error?: string;
  readonly message?: string;
}

const recordings = JSON.parse(
  readFileSync(new URL('../../test/fixtures/python-configparser.json', import.meta.url), 'utf8'),
) as Recording[];

function read(text: string): ConfigFile {
  return new ConfigFile(parseConfig(text, 'slapos.cfg'));
}

function allSections(config: ConfigFile): Record<string, Record<string, string>> {
  return Object.fromEntries(config.sectionNames.map((name) => [name, Object.fromEntries(config.section(name))]));
}

describe('a file that Python reads', () => {
  it.each(recordings.filter(({ sections }) => sections !== undefined))('has the same sections: %j', (recording) => {
    expect(allSections(read(recording.text))).toEqual(recording.sections);
  });
});

describe('a file that Python refuses', () => {
  it.each(recordings.filter(({ error }) => error !== undefined))('is refused: %j', ({ text }) => {
    expect(() => allSections(read(text))).toThrow(expect.objectContaining({ code: 'CLI_CONFIGURATION' }));
  });

  it.each(recordings.filter(({ error }) => /^(?:Duplicate|MissingSection)/.test(error ?? '')))(
    'with the same sentence: %j',
    ({ text, message }) => {
      const sentence = (message ?? '').split('\n')[0]?.replace("'<string>'", "'slapos.cfg'") ?? '';
      expect(() => read(text)).toThrow(sentence);
    },
  );
});

describe('a message', () => {
  it('names every line that cannot be read', () => {
    expect(() => read('[s]\nbad\nx = 1\nworse\n')).toThrow(/\[line {2}2\]: "bad"\n\t\[line {2}4\]: "worse"/);
  });

  it('names line, section and key of a value that cannot be interpolated', () => {
    const config = read('[s]\nx = 1\nurl = http://a/b%20c\n');
    expect(() => config.value('s', 'url')).toThrow(
      "slapos.cfg:3: [s] url: '%' must be followed by '%' or '(', found: '%20c'",
    );
    // Another key of the section can be read.
    expect(config.value('s', 'x')).toBe('1');
  });
});

it('says where a key stands', () => {
  const config = read('[a]\nx = 1\n[b]\n\ny = 2\nx =\n  3\n');
  expect(config.locate(['a', 'b'], 'x')).toEqual({ section: 'a', line: 2 });
  expect(config.locate(['b', 'a'], 'x')).toEqual({ section: 'b', line: 6 });
  expect(config.locate(['a'], 'y')).toBeUndefined();
});

it('skips a byte order mark', () => {
  expect(read('\uFEFF[s]\na = 1\n').value('s', 'a')).toBe('1');
});

describe('the file that a command reads', () => {
  it.each([
    ['node', '/given', { SLAPOS_CONFIGURATION: '/variable' }, '/given'],
    ['node', undefined, { SLAPOS_CONFIGURATION: '/variable' }, '/variable'],
    ['node', undefined, { SLAPOS_CONFIGURATION: '' }, '/etc/opt/slapos/slapos.cfg'],
    ['node', undefined, { SLAPOS_CLIENT_CONFIGURATION: '/client' }, '/etc/opt/slapos/slapos.cfg'],
    ['client', undefined, { SLAPOS_CLIENT_CONFIGURATION: '/client' }, '/client'],
    ['client', undefined, { SLAPOS_CONFIGURATION: '/node' }, path.join(os.homedir(), '.slapos/slapos-client.cfg')],
    ['client', '~/mine.cfg', {}, path.join(os.homedir(), 'mine.cfg')],
  ] as const)('of the %s family with --cfg %s and %j is %s', (family, option, environment, expected) => {
    expect(configPath(family, option, environment)).toBe(expected);
  });

  it('leaves paths that only look like a home alone', () => {
    expect(expandHome('/a/~/b')).toBe('/a/~/b');
    expect(expandHome('~')).toBe(os.homedir());
    expect(expandHome('~root/mine.cfg')).toBe('/root/mine.cfg');
    expect(expandHome('~nobody-has-this-name/x')).toBe('~nobody-has-this-name/x');
  });
});

describe('on disk', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-config-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('a file that is missing is named, with the places that are looked at', async () => {
    const file = path.join(folder, 'none.cfg');
    await expect(loadConfigFile(file, 'node')).rejects.toMatchObject({
      message: `Configuration file does not exist: ${file}`,
      hint: expect.stringContaining('SLAPOS_CONFIGURATION') as string,
    });
  });

  it('a folder is no configuration', async () => {
    await expect(loadConfigFile(folder, 'node')).rejects.toMatchObject({
      message: `Cannot parse configuration file: ${folder}`,
    });
  });

  it('a definition file is read without interpolation', async () => {
    const file = path.join(folder, 'partitions.cfg');
    await writeFile(file, '[computer]\naddress = %(x)s\n[partition_0]\nuser = 100%\n');
    expect(await loadRawSections(file)).toEqual(
      new Map([
        ['computer', new Map([['address', '%(x)s']])],
        ['partition_0', new Map([['user', '100%']])],
      ]),
    );
  });
});
