import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { runSlapos } from './support/run-slapos.js';

const DAY_S = 86_400;
const HOUR_MS = 3_600_000;

interface Report {
  readonly items: readonly { check: string; severity: string; message: string; remedy?: string; fixable: boolean }[];
}

let folder: string;
let config: string;
let master: Server;
let masterUrl: string;
let clockOffsetMs = 0;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'slapos-doctor-'));
  config = path.join(folder, 'slapos.cfg');
  for (const name of ['instances', 'software', 'bin']) mkdirSync(path.join(folder, name));
  writeFileSync(path.join(folder, 'bin/buildout'), '#!/bin/sh\n', { mode: 0o755 });
  master = createServer((_request, response) => {
    response.setHeader('Date', new Date(Date.now() + clockOffsetMs).toUTCString());
    response.end();
  });
  await new Promise<void>((resolve) => master.listen(0, '127.0.0.1', resolve));
  masterUrl = `http://127.0.0.1:${(master.address() as AddressInfo).port}/`;
});

afterAll(async () => {
  await new Promise((resolve) => master.close(resolve));
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  clockOffsetMs = 0;
  writeNode();
});

function writeNode(more = ''): void {
  writeFileSync(
    config,
    `[slapos]
root_check = false
computer_id = c
master_url = ${masterUrl}
instance_root = ${folder}/instances
software_root = ${folder}/software
software_min_free_space = 1K
instance_min_free_space = 1K
pidfile_software = ${folder}/software.pid
pidfile_instance = ${folder}/instance.pid
pidfile_report = ${folder}/report.pid
buildout = ${folder}/bin/buildout
${more}`,
  );
}

async function examine(...words: string[]): Promise<{ exitCode: number | null; items: Report['items'] }> {
  const { exitCode, stdout, stderr } = await runSlapos(['doctor', '--json', '--cfg', config, ...words]);
  expect(stderr).toBe('');
  return { exitCode, items: (JSON.parse(stdout) as Report).items };
}

it('finds nothing wrong with a node that is well', async () => {
  const { exitCode, items } = await examine();
  expect(items.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(exitCode).toBe(0);
  expect(items.map(({ check }) => check)).toEqual(
    expect.arrayContaining([
      'config.file',
      'master.answer',
      'master.clock',
      'disk.software_root',
      'programs.buildout',
      'passes.lock',
    ]),
  );
});

it('says it to people, with what to do, in ASCII where that is all there is', async () => {
  writeNode('promise_timout = 3\nbuidout = x\n');
  const { stdout } = await runSlapos(['doctor', 'config', 'proxy', '--cfg', config], { env: { LANG: 'C' } });
  expect(stdout.split('\n')).toEqual([
    `config      + ${config} (the option --cfg)`,
    `            ! ${config}:13: [slapos] promise_timout is not used by this version   -> did you mean promise_timeout?`,
    `            ! ${config}:14: [slapos] buidout is not used by this version   -> did you mean buildout?`,
    'proxy       - not configured',
    '0 problems, 2 warnings.',
    '',
  ]);
});

it('sees that the clock is wrong', async () => {
  clockOffsetMs = -HOUR_MS;
  const { exitCode, items } = await examine('master');
  expect(items.find(({ check }) => check === 'master.clock')).toMatchObject({
    severity: 'error',
    message: expect.stringMatching(/^the clock of the master is 3(?:599|60\d) s behind$/) as string,
  });
  expect(exitCode).toBe(1);
});

it('sees a master that is away, a full disk, and programs that are missing', async () => {
  writeNode();
  const text = `[slapos]\nroot_check = false\ncomputer_id = c\nmaster_url = http://127.0.0.1:9/\ninstance_root = ${folder}/none\nsoftware_root = ${folder}/software\nsoftware_min_free_space = 900 E\nbuildout = /nowhere/buildout\n`;
  writeFileSync(config, text);
  const { exitCode, items } = await examine('master', 'disk', 'programs');
  const errors = new Map(
    items.filter(({ severity }) => severity === 'error').map(({ check, message }) => [check, message]),
  );
  expect(errors.get('master.answer')).toMatch(/^http:\/\/127\.0\.0\.1:9\/ does not answer: .*ECONNREFUSED/);
  expect(errors.get('disk.software_root')).toMatch(/ GB free, 900 E needed$/);
  expect(errors.get('disk.instance_root')).toBe(`${folder}/none does not exist`);
  expect(errors.get('programs.buildout')).toBe('/nowhere/buildout does not exist');
  expect(exitCode).toBe(1);
});

it('sees certificates that expire, do not fit, or can be read by others, and mends what can do no harm', async () => {
  const key = path.join(folder, 'computer.key');
  const cert = path.join(folder, 'computer.crt');
  const make = (days: number): void => {
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        String(days),
        '-subj',
        '/CN=COMP-7',
      ],
      { stdio: 'ignore' },
    );
  };
  const repository = path.join(folder, 'certificates');
  writeNode(`key_file = ${key}\ncert_file = ${cert}\ncertificate_repository_path = ${repository}\n`);
  make(5);
  chmodSync(key, 0o644);
  const { items } = await examine('master', 'disk');
  const until = new Date(Date.now() + 5 * DAY_S * 1000).toISOString().slice(0, 10);
  expect(items.find(({ check }) => check === 'master.certificate')).toMatchObject({
    severity: 'warning',
    message: `certificate COMP-7 valid until ${until}`,
  });
  expect(items.find(({ check }) => check === 'master.key-mode')).toMatchObject({ severity: 'warning', fixable: true });

  const asked = await runSlapos(['doctor', 'master', 'disk', '--fix', '--cfg', config]);
  expect(asked.exitCode).toBe(2);
  const fixed = await runSlapos(['doctor', 'master', 'disk', '--fix', '--yes', '--cfg', config]);
  expect(fixed.stderr).toContain(`Done: Make ${repository}`);
  expect(statSync(key).mode & 0o777).toBe(0o600);
  expect(statSync(repository).mode & 0o777).toBe(0o700);

  const other = path.join(folder, 'other.key');
  execFileSync('openssl', ['genrsa', '-out', other, '2048'], { stdio: 'ignore' });
  writeNode(`key_file = ${other}\ncert_file = ${cert}\n`);
  const mixed = await examine('master');
  expect(mixed.items.find(({ check }) => check === 'master.certificate')?.message).toBe(
    `${other} is not the key of ${cert}`,
  );
});

it('tells a lock that is held from one that was left behind', async () => {
  const lock = path.join(folder, 'instance.pid');
  writeFileSync(lock, `${process.pid}\n`);
  const held = await examine('passes');
  expect(held.items).toEqual([
    expect.objectContaining({
      check: 'passes.instance',
      severity: 'ok',
      message: `node instance runs as ${process.pid} since 0 min`,
    }),
  ]);
  // No process can have that id.
  writeFileSync(lock, '99999999\n');
  const left = await examine('passes');
  expect(left.items).toEqual([
    expect.objectContaining({ check: 'passes.instance', severity: 'warning', fixable: true }),
  ]);
  await runSlapos(['doctor', 'passes', '--fix', '--yes', '--cfg', config]);
  expect(existsSync(lock)).toBe(false);
});

it('knows its checks', async () => {
  const { exitCode, stderr } = await runSlapos(['doctor', 'teeth', '--cfg', config]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(
    "slapos doctor: error: argument CHECK: invalid choice: 'teeth' (choose from 'config', 'master'",
  );
});
