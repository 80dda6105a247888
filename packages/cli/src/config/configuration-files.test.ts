import { describe, expect, it } from 'vitest';
import { ConfigFile } from './config-file.js';
import { findProblems } from './find-problems.js';
import { SECTION_KEYS } from './known-keys.js';
import { parseConfig } from './parse-config.js';

const NODE = `[slapos]
computer_id = COMP-1
master_url = http://127.0.0.1:1/
instance_root = /srv/slapgrid
software_root = /opt/slapgrid
`;
const FORMAT = '[slapformat]\ncomputer_xml = /x.xml\npartition_amount = 3\n';
const PROXY = '[slapproxy]\nport = 5000\ndatabase_uri = /proxy.db\n';

function problemsOf(text: string): ReturnType<typeof findProblems> {
  return findProblems(new ConfigFile(parseConfig(text, '/etc/slapos.cfg')));
}

/** Two neighbours exchanged, as fingers do. */
function misspelt(key: string): string {
  const at = key.length >> 1;
  const [left, right] = key[at - 1] === key[at] ? [at - 2, at - 1] : [at - 1, at];
  return key.slice(0, left) + (key[right] ?? '') + (key[left] ?? '') + key.slice(right + 1);
}

describe('a key with two letters exchanged', () => {
  const keys = Object.entries(SECTION_KEYS).flatMap(([section, facts]) =>
    Object.entries(facts)
      .filter(([key, { unused }]) => key.length > 4 && unused === undefined)
      .map(([key]) => [section.replace('URL', 'http://m/'), key] as const),
  );

  it.each(keys)('[%s] %s is named, with file, line, and the key that was meant', (section, key) => {
    const typed = misspelt(key);
    const found = problemsOf(`[${section}]\n# a comment\n${typed} = 1\n`).find((problem) => problem.key === typed);
    expect(found).toMatchObject({
      severity: 'warning',
      code: 'unknown_key',
      file: '/etc/slapos.cfg',
      section,
      line: 3,
      message: `/etc/slapos.cfg:3: [${section}] ${typed} is not used by this version`,
      suggestion: key,
    });
  });
});

describe('a value that cannot be', () => {
  it.each([
    [NODE, 'slapos', 'maximum_periodicity', '1d'],
    [NODE, 'slapos', 'maximum_periodicity', '1.5'],
    [NODE, 'slapos', 'promise_timeout', '0'],
    [NODE, 'slapos', 'promise_timeout', '20 s'],
    [NODE, 'slapos', 'partition_timeout', 'none'],
    [NODE, 'slapos', 'partition-timeout', '-1'],
    [NODE, 'slapos', 'jobs', 'many'],
    [NODE, 'slapos', 'jobs', '0'],
    [NODE, 'slapos', 'force', 'perhaps'],
    [NODE, 'slapos', 'buildout_debug', 'tru'],
    [NODE, 'slapos', 'develop', '2'],
    [NODE, 'slapos', 'forbid_supervisord_automatic_launch', 'maybe'],
    [NODE, 'slapos', 'software_min_free_space', '1 m'],
    [NODE, 'slapos', 'software_min_free_space', '1000 Mb'],
    [NODE, 'slapos', 'instance_min_free_space', 'lots'],
    [NODE, 'slapos', 'supervisor', 'systemd'],
    [NODE, 'slapos', 'master_insecure', 'perhaps'],
    [`${NODE}${FORMAT}`, 'slapformat', 'alter_user', 'yess'],
    [`${NODE}${FORMAT}`, 'slapformat', 'create_tap', 'perhaps'],
    [`${NODE}${FORMAT}`, 'slapformat', 'tun_ipv6', '3'],
    [`${NODE}${FORMAT}`, 'slapformat', 'ipv6_prefixshift', 'x'],
    [`${NODE}${FORMAT}`, 'slapformat', 'ipv6_prefixshift', '0'],
    [`${NODE}${FORMAT}`, 'slapformat', 'ipv6_prefixshift', '129'],
    [`${NODE}${PROXY}`, 'slapproxy', 'local_software_release_root', 'not/absolute'],
    [`${NODE}${PROXY}`, 'slapproxy', 'trust_forwarded_headers', 'x'],
    [`${NODE}${PROXY}`, 'slapproxy', 'software_product_list', 'kvm'],
    [`${NODE}[firewall]\n`, 'firewall', 'testing', 'x'],
  ])('%j in [%s] %s = %s is named, with what was expected', (before, section, key, value) => {
    const line = before.split('\n').length;
    const found = problemsOf(`${before}${section === 'slapos' ? '' : ''}${key} = ${value}\n`);
    expect(found).toEqual([
      expect.objectContaining({
        severity: 'error',
        code: 'invalid_value',
        section,
        key,
        line,
        value: JSON.stringify(value),
      }),
    ]);
    expect(
      found[0]?.message.startsWith(`/etc/slapos.cfg:${line}: [${section}] ${key} = ${JSON.stringify(value)}: `),
    ).toBe(true);
    expect(found[0]?.expected).toMatch(/^expected /);
    // Words of a person, not those of the schema library.
    expect(found[0]?.expected).not.toMatch(/Invalid|undefined|received/);
  });

  it('is cut when it is long, and hidden when it is secret', () => {
    const long = `${NODE}maximum_periodicity = ${'9'.repeat(1_000_000)}\n`;
    expect(problemsOf(long)[0]?.message.length).toBeLessThan(200);
    const secret = `${NODE}supervisor = -----BEGIN RSA PRIVATE KEY-----\n`;
    expect(problemsOf(secret)[0]?.message).toContain('(not shown)');
  });
});

describe('a key that is missing', () => {
  it.each([
    [NODE.replace('computer_id = COMP-1\n', ''), 'slapos', 'computer_id'],
    [NODE.replace('master_url = http://127.0.0.1:1/\n', ''), 'slapos', 'master_url'],
    [NODE.replace('software_root = /opt/slapgrid\n', ''), 'slapos', 'software_root'],
    [`${NODE}${FORMAT.replace('computer_xml = /x.xml\n', '')}`, 'slapformat', 'computer_xml'],
    [`${NODE}${FORMAT.replace('partition_amount = 3\n', '')}`, 'slapformat', 'partition_amount'],
    [`${NODE}${PROXY.replace('port = 5000\n', '')}`, 'slapproxy', 'port'],
    [`${NODE}${PROXY.replace('database_uri = /proxy.db\n', '')}`, 'slapproxy', 'database_uri'],
  ])('%j', (text, section, key) => {
    const found = problemsOf(text);
    expect(found).toEqual([expect.objectContaining({ code: 'missing_key', section, key, line: undefined })]);
    expect(found[0]?.message).toMatch(/^\/etc\/slapos\.cfg: \[\w+\] \w+: .*(?:missing|required)/);
  });
});

it('a template that does not work is told what to write instead', () => {
  const found = problemsOf(`${NODE}supervisord_socket = /x\n[collect]\nenable = True\ntime_cycle = 86400\n`);
  expect(found.map(({ code, key, message }) => [code, key, message.split(': ').at(-1)])).toEqual([
    ['unused_key', 'supervisord_socket', 'it is always in the instance root'],
    ['unused_key', 'enable', 'write report_disk_usage'],
    ['unused_key', 'time_cycle', 'write disk_snapshot_time_cycle'],
  ]);
});
