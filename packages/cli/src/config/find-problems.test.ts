import { describe, expect, it } from 'vitest';
import { ConfigFile } from './config-file.js';
import { effectiveValues } from './effective-values.js';
import { findProblems } from './find-problems.js';
import { parseConfig } from './parse-config.js';

const GOOD = `[slapos]
computer_id = COMP-1
master_url = http://127.0.0.1:1/
instance_root = /srv/slapgrid
software_root = /opt/slapgrid
[slapformat]
computer_xml = /opt/slapos/slapos.xml
partition_amount = 3
[slapproxy]
port = 5000
database-uri = /opt/slapos/proxy.db
[re6stnet]
anything = goes
`;

function problemsOf(
  text: string,
): { severity: string; code: string; message: string; suggestion: string | undefined }[] {
  return findProblems(new ConfigFile(parseConfig(text, 'slapos.cfg'))).map(
    ({ severity, code, message, suggestion }) => ({ severity, code, message, suggestion }),
  );
}

describe('findProblems', () => {
  it('finds none in a good file, whatever other programs keep in it', () => {
    expect(problemsOf(GOOD)).toEqual([]);
  });

  it('finds none in a client file, which names no folders', () => {
    expect(problemsOf('[slapos]\nmaster_url = http://m/\n[slapconsole]\ncert_file = a\nkey_file = b\n')).toEqual([]);
  });

  it('lists unknown keys with the nearest, and wrong values, by line', () => {
    const text = GOOD.replace(
      'software_root = /opt/slapgrid',
      'software_root = /opt/slapgrid\npromise_timout = 3\njobs = many',
    )
      .replace('partition_amount = 3', 'partition_amount = three')
      .replace('port = 5000', 'port = 99999');
    expect(problemsOf(text)).toEqual([
      {
        severity: 'warning',
        code: 'unknown_key',
        message: 'slapos.cfg:6: [slapos] promise_timout is not used by this version',
        suggestion: 'promise_timeout',
      },
      expect.objectContaining({
        message: expect.stringMatching(/^slapos\.cfg:7: \[slapos\] jobs = "many": /) as string,
      }),
      expect.objectContaining({
        message: expect.stringMatching(/^slapos\.cfg:10: \[slapformat\] partition_amount = "three": /) as string,
      }),
      expect.objectContaining({
        message: expect.stringMatching(/^slapos\.cfg:12: \[slapproxy\] port = "99999": /) as string,
      }),
    ]);
  });

  it('names a required key that is missing', () => {
    expect(problemsOf(GOOD.replace('computer_id = COMP-1\n', '')).map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/slapos\.cfg: \[\w+\] computer_id/),
    );
  });

  it('finds every value that cannot be interpolated', () => {
    const problems = problemsOf('[slapos]\nmaster_url = http://m/%20\n[slapformat]\nlog_file = %(nope)s\n');
    expect(problems.map(({ code, message }) => `${code} ${message.split(': ')[0] ?? ''}`)).toEqual([
      'bad_interpolation slapos.cfg:2',
      'bad_interpolation slapos.cfg:4',
    ]);
  });

  it('does not complain of what [DEFAULT] puts into every section', () => {
    expect(problemsOf(`[DEFAULT]\nbase = /srv\n${GOOD}`)).toEqual([]);
  });
});

describe('effectiveValues', () => {
  const config = new ConfigFile(
    parseConfig('[DEFAULT]\nbase = /srv\n[slapos]\nroot = %(base)s/x\napi_token = abc\n[other]\n', 'slapos.cfg'),
  );

  it('interpolates, says where values stand, and hides secrets', () => {
    expect(effectiveValues(config, { section: 'slapos' })).toEqual([
      { section: 'slapos', key: 'root', value: '/srv/x', origin: 'file slapos.cfg:4' },
      { section: 'slapos', key: 'api_token', value: '(not shown)', origin: 'file slapos.cfg:5' },
      { section: 'slapos', key: 'base', value: '/srv', origin: 'file slapos.cfg [DEFAULT]' },
    ]);
  });

  it('takes all sections', () => {
    expect(effectiveValues(config).map(({ section }) => section)).toEqual(['slapos', 'slapos', 'slapos', 'other']);
  });

  it('knows what counts without being written', () => {
    const values = effectiveValues(config, { section: 'slapos', withDefaults: true });
    expect(values).toContainEqual({ section: 'slapos', key: 'promise_timeout', value: '20', origin: 'default' });
    expect(effectiveValues(config, { section: 'other', withDefaults: true })).toEqual([
      { section: 'other', key: 'base', value: '/srv', origin: 'file slapos.cfg [DEFAULT]' },
    ]);
  });
});
