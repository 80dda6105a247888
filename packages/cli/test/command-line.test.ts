import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSlapos } from './support/run-slapos.js';

interface Manifest {
  readonly commands: Readonly<Record<string, unknown>>;
}

const manifest = JSON.parse(readFileSync(new URL('../oclif.manifest.json', import.meta.url), 'utf8')) as Manifest;
const NAMES = Object.keys(manifest.commands)
  .map((id) => id.replaceAll(':', ' '))
  .sort();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-cli-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('help', () => {
  it('of the program', async () => {
    const plain = await runSlapos([]);
    expect(plain).toMatchObject({ exitCode: 0, stderr: '' });
    expect(plain.stdout).toContain('  node instance  run instance deployment\n');
    // The commands are in the files of their own.
    const [options = ''] = plain.stdout.replace(/client \d\S*/, 'client VERSION').split('\n\ncachelookup commands:');
    await expect(options.split(/\n\n(?=client commands:)/)[0]).toMatchFileSnapshot('help/slapos.txt');
    for (const name of NAMES) expect(plain.stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const words of [['-h'], ['help'], ['-v']]) expect((await runSlapos(words)).stdout).toBe(plain.stdout);
  });

  it.each(NAMES)('of %s', async (name) => {
    const { exitCode, stdout, stderr } = await runSlapos(['help', ...name.split(' ')]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    // A file each, so that changes of two commands do not meet.
    await expect(stdout).toMatchFileSnapshot(`help/${name.replaceAll(' ', '-')}.txt`);
  });

  it('of a command is what -h behind it prints', async () => {
    expect((await runSlapos(['node', 'software', '-h'])).stdout).toBe(
      (await runSlapos(['help', 'node', 'software'])).stdout,
    );
  });
});

it('the version is one line for scripts', async () => {
  const { exitCode, stdout } = await runSlapos(['--version']);
  expect(stdout).toMatch(/^slapos \d+\.\d+\.\d+\S* \(Node\.js \d+\.\d+\.\d+\)\n$/);
  expect(exitCode).toBe(0);
});

describe('a wrong command line', () => {
  it.each([
    [['node', 'instnace'], 5, /Did you mean: slapos node instance \?/],
    [['--foo'], 5, /slapos: invalid option '--foo'/],
    [['node', 'instance', '--frobnicate'], 2, /unrecognized arguments: --frobnicate/],
    [['node', 'instance', '--maximum-periodicity', 'x'], 2, /maximum-periodicity/],
    [
      ['node', 'instance', '--all', '--only-cp', 'a'],
      2,
      /slapos node instance: error: argument (?:--all: not allowed with argument --only-cp\/--only|--only-cp\/--only: not allowed with argument --all)\n(?!.*why:)/,
    ],
    [['node', 'instance', '--pidfile'], 2, /slapos node instance: error: argument --pidfile: expected one argument\n/],
    [['complete', '--shell', 'csh'], 2, /argument --shell: invalid choice: 'csh' \(choose from 'bash', /],
    [['node', 'status', '--interval', '3'], 2, /argument --interval: needs --watch\n/],
    [['request', 'a'], 2, /the following arguments are required: software_url\n(?!.*why:)/],
    [['node', 'software', '--garbage-collect', '--only-sr', 'a'], 2, /not allowed with argument --only-sr/],
    [['node', 'format', '--alter_user', 'yes'], 2, /alter-user/],
    [['node', 'status', '-q', '-v'], 2, /not allowed with argument/],
    [['node', 'instance', '--cfg', '/nowhere.cfg'], 1, /Configuration file does not exist: \/nowhere\.cfg/],
    [['node', 'format', '--cfg', '/nowhere.cfg'], 1, /Configuration file does not exist: \/nowhere\.cfg/],
  ])('%j ends with %i', async (words, code, message) => {
    const { exitCode, stdout, stderr } = await runSlapos(words);
    expect(stderr).toMatch(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
  });
});

describe('the log', () => {
  it('has its lines on standard error and in the file, and says with -v which file is read', async () => {
    const log = path.join(folder, 'log');
    const file = path.join(folder, 'none.cfg');
    const quiet = await runSlapos(['service', 'list', '--cfg', file, '-q', '--log-time', '--logfile', log]);
    expect(quiet.stderr).toMatch(/^slapos\[\d+\] ERROR Configuration file does not exist: /);
    expect(await readFile(log, 'utf8')).toMatch(
      /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] DEBUG {4}Loading config: .*none\.cfg\n\[[^\]]+\] ERROR {4}Configuration file does not exist/,
    );
    const verbose = await runSlapos(['-v', 'service', 'list', '--cfg', file]);
    expect(verbose.stderr).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d slapos\[\d+\] DEBUG Loading config: /);
  });
});

describe('a pass', () => {
  async function passWith(content: string): Promise<{ exitCode: number | null; stderr: string }> {
    const file = path.join(folder, 'slapos.cfg');
    await writeFile(file, content);
    return runSlapos(['node', 'instance'], { env: { SLAPOS_CONFIGURATION: file } });
  }

  it.each([
    [
      '[slapos]\nroot_check = false\nmaster_url = x\n',
      /Missing mandatory parameters: computer_id, instance_root, software_root/,
    ],
    [
      '[slapos]\nroot_check = false\nmaster_url =\ncomputer_id = c\ninstance_root = /i\nsoftware_root = /s\n',
      /Mandatory parameters present but empty: master_url/,
    ],
    [
      '[slapos]\nroot_check = false\nmaster_url = http://m/\ncomputer_id = c\ninstance_root = /i\nsoftware_root = /s\ninstance_min_free_space = 1 m\n',
      /slapos\.cfg:7: \[slapos\] instance_min_free_space = "1 m": /,
    ],
    [
      '[slapos]\nroot_check = false\nmaster_url = http://m/\ncomputer_id = c\ninstance_root = /i\nsoftware_root = /s\nkey_file = /nowhere\n',
      /Missing mandatory parameters: cert_file, certificate_repository_path/,
    ],
    ['[slapos]\nroot_check = perhaps\n', /slapos\.cfg:2: \[slapos\] root_check = "perhaps": expected true or false/],
  ])('refuses %j', async (content, message) => {
    const { exitCode, stderr } = await passWith(content);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(1);
  });
});

describe('proxy start', () => {
  async function startWith(content: string): Promise<{ exitCode: number | null; stderr: string }> {
    const file = path.join(folder, 'slapos-proxy.cfg');
    await writeFile(file, content);
    return runSlapos(['proxy', 'start', '--cfg', file]);
  }

  it.each([
    ['[slapos]\ncomputer_id = c\n', /ERROR database-uri is required\.\n.*hint: Set database_uri in \[slapproxy\]/],
    ['[slapos]\n[slapproxy]\ndatabase_uri =\n', /ERROR database-uri is required\./],
    ['[slapos]\ncomputer_id = c\ndatabase_uri = /x\n', /slapos-proxy\.cfg: \[slapproxy\] port: it is missing/],
    ['[slapproxy]\nport = 1\ndatabase_uri = /x\n', /slapos-proxy\.cfg: \[slapproxy\] computer_id: it is missing/],
    [
      '[slapos]\ncomputer_id = c\n[slapproxy]\nport = high\ndatabase_uri = /x\n',
      /slapos-proxy\.cfg:4: \[slapproxy\] port = "high": expected a port/,
    ],
  ])('says what %j lacks', async (content, message) => {
    const { exitCode, stderr } = await startWith(content);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(1);
  });
});

it.each([
  ['alter_user', 'jein'],
  ['create_tap', ''],
])('node format refuses %s = %j in the sentence that people know, with its place', async (key, value) => {
  const file = path.join(folder, 'slapos.cfg');
  await writeFile(file, `[slapos]\nroot_check = false\n[slapformat]\n${key} = ${value}\n`);
  const { exitCode, stderr } = await runSlapos(['node', 'format', '--now', '--cfg', file]);
  expect(stderr).toContain(`Option '${key}' needs to be "True" or "False", wrong value: '${value}'`);
  expect(stderr).toMatch(/slapos\.cfg:4: \[slapformat\] /);
  expect(exitCode).toBe(1);
});
