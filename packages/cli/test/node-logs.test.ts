import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createProxy } from '@slapos/proxy';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { messages, type Outcome, runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

const UTC = { env: { TZ: 'UTC' } };
/** Long ago, so that lines show their date. */
const LONG_AGO = new Date('2026-01-02T03:04:09Z');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-logs-'));
  await put('slapos.cfg', `[slapos]\ninstance_root = ${at('inst')}\n`);
  await put('inst/slappart0/.web-on-watch.log', '2026-01-02 03:04:01 up\n2026-01-02 03:04:05 down\nwhy\n');
  await put('inst/slappart0/.web-on-watch.log.1', '2026-01-01 03:04:01 before\n');
  await put('inst/slappart0/var/log/access.log', '- - - [02/Jan/2026:03:04:02 +0000] "GET /"\n');
  await put('inst/slappart0/.slapgrid/promise/log/check.log', '2026-01-02 03:04:03 failed\n');
  await put('inst/slappart0/.slapgrid-instance-error.log', 'While:\n  Installing nginx.\n');
  await utimes(at('inst/slappart0/.slapgrid-instance-error.log'), LONG_AGO, LONG_AGO);
  await put('inst/slappart10/.job.log', '2026-01-02 03:04:04 done\n');
  await put('inst/slappart2/nothing', '');
  await put(
    'inst/var/log/slapos-events.jsonl',
    [
      event('2026-01-02T03:04:00.000Z', 'pass.started', { pid: 7 }),
      event('2026-01-02T03:04:04.500Z', 'partition.finished', { partition: 'slappart0', outcome: 'failed' }),
      event('2026-01-02T03:04:08.000Z', 'pass.finished', { outcome: 'failed' }),
      event('2026-01-02T04:00:00.000Z', 'pass.started', { pid: 8, passId: 'later' }),
      event('2026-01-02T04:00:01.000Z', 'partition.finished', { partition: 'slappart10', passId: 'later' }),
    ].join(''),
  );
  await put(
    'inst/var/lib/grid/last-target.json',
    JSON.stringify([
      { partitionId: 'slappart0', softwareReleaseUrl: 'http://sr/', instanceTitle: 'shop', rootInstanceTitle: 'shop' },
      { partitionId: 'slappart10', softwareReleaseUrl: 'http://sr/', instanceTitle: 'db', rootInstanceTitle: 'shop' },
    ]),
  );
});

afterEach(() => rm(folder, { recursive: true }));

function at(...names: string[]): string {
  return path.join(folder, ...names);
}

async function put(name: string, text: string): Promise<void> {
  await mkdir(path.dirname(at(name)), { recursive: true });
  await writeFile(at(name), text);
}

function event(time: string, type: string, fields: Record<string, unknown>): string {
  return `${JSON.stringify({ v: 1, time, type, pass: 'p1', passName: 'instance', passId: 'p1', ...fields })}\n`;
}

function logs(...words: string[]): Promise<Outcome> {
  return runSlapos(['node', 'logs', '--cfg', at('slapos.cfg'), ...words], UTC);
}

it('merges the logs of a partition by time', async () => {
  const { exitCode, stdout } = await logs('slappart0');
  expect(exitCode).toBe(0);
  expect(stdout).toBe(
    `slappart0 web-on-watch    | 2026-01-01 03:04:01 before
node instance             | 2026-01-02 03:04:00 pass.started  pid 7
slappart0 web-on-watch    | 2026-01-02 03:04:01 up
slappart0 access          | 2026-01-02 03:04:02 - - - [02/Jan/2026:03:04:02 +0000] "GET /"
slappart0 promise         | 2026-01-02 03:04:03 failed
slappart0 instance        | 2026-01-02 03:04:04 partition.finished  slappart0  failed
slappart0 web-on-watch    | 2026-01-02 03:04:05 down
slappart0 web-on-watch    |          why
node instance             | 2026-01-02 03:04:08 pass.finished  failed
slappart0 slapgrid-instance-error |          While:
slappart0 slapgrid-instance-error |            Installing nginx.
node instance             | 2026-01-02 04:00:00 pass.started  pid 8
`.replaceAll(/^(.*?) +\|/gm, (_, name: string) => `${name.padEnd('slappart0 slapgrid-instance-error'.length)} |`),
  );
});

it.each([
  [
    ['slappart0', 'web'],
    ['before', 'up', 'down', 'why'],
  ],
  [
    ['slappart0', 'web', '-n', '2'],
    ['down', 'why'],
  ],
  [
    ['slappart0', 'web', '--since', '2026-01-02'],
    ['up', 'down', 'why'],
  ],
  [
    ['slappart0', '--grep', '^(up|do)', '-n', '5'],
    ['up', 'down'],
  ],
  [['slappart10', 'job'], ['done']],
  [['db', 'job'], ['done']],
  [
    ['slappart0', '--last-pass', '--grep', 'before|up|Inst'],
    ['up', '  Installing nginx.'],
  ],
  [['slappart2'], ['pass.started  pid 7', 'pass.finished  failed', 'pass.started  pid 8']],
])('%j', async (words, texts) => {
  const { exitCode, stdout } = await logs(...words, '--json');
  const lines = stdout.split('\n').filter((line) => line !== '');
  expect(lines.map((line) => (JSON.parse(line) as { text: string }).text)).toEqual(texts);
  expect(exitCode).toBe(0);
});

it('a document of a line says all about it', async () => {
  const { stdout } = await logs('slappart0', 'web', '-n', '2', '--output', 'json');
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { time: '2026-01-02T03:04:05.000Z', partition: 'slappart0', program: 'web-on-watch', text: 'down' },
    { time: null, partition: 'slappart0', program: 'web-on-watch', text: 'why' },
  ]);
});

it.each([
  [['slappart7'], 'slappart7 is no partition of this machine'],
  [['slappart0', 'nginx'], 'There are logs of: access, promise, slapgrid-instance-error, web-on-watch.'],
  [['--grep', '('], 'argument --grep'],
  [['--since', 'soon'], "argument --since: 'soon' is no instant"],
])('%j is a mistake', async (words, message) => {
  const { exitCode, stderr } = await logs(...words);
  expect(messages(stderr)).toContain(message);
  expect(exitCode).toBeGreaterThan(0);
});

it('what an instance makes of its logs leads nowhere, and drives no terminal', async () => {
  await put('secret', 'root only\n');
  await symlink(at('secret'), at('inst/slappart0/.evil.log'));
  await symlink(at('inst/slappart0'), at('inst/slappart2/var'));
  await put('inst/slappart10/.job.log', '\u001b]0;owned\u0007\u001b[31mred\u001b[0m \u202etxt\n');
  const { exitCode, stdout, stderr } = await logs();
  expect(stdout).not.toContain('root only');
  expect(stdout).toMatch(/slappart10 job .*\| +red \\u202etxt\n/);
  expect(messages(stderr)).toContain(`${at('inst/slappart2/var/log')} cannot be read`);
  expect(exitCode).toBe(1);
});

it('follows a log over rotation and truncation, until it is ended', async () => {
  const log = at('inst/slappart0/.web-on-watch.log');
  const words = ['node', 'logs', '--cfg', at('slapos.cfg'), 'slappart0', 'web', '-f', '-n', '1', '--json'];
  const child = spawn(process.execPath, [SLAPOS_BIN, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let seen = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (seen += piece));
  const sees = (text: string): Promise<void> =>
    vi.waitFor(() => expect(texts(seen).at(-1)).toBe(text), { timeout: 30_000 });
  await sees('why');
  await appendFile(log, 'half');
  await appendFile(log, ' a line\n');
  await sees('half a line');
  await appendFile(log, 'last of the old\n');
  await rename(log, `${log}.1`);
  await writeFile(log, 'first of the new\n');
  await sees('first of the new');
  await truncate(log);
  await sees('first of the new');
  await appendFile(log, 'new\n');
  await sees('new');
  await put('inst/slappart0/.web.log', 'another one\n');
  await sees('another one');
  child.kill('SIGINT');
  await once(child, 'exit');
  expect(texts(seen)).toEqual(['why', 'half a line', 'last of the old', 'first of the new', 'new', 'another one']);
  expect(await readFile(`${log}.1`, 'utf8')).toContain('last of the old');
});

function texts(output: string): string[] {
  const lines = output.split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { text: string }).text);
}

it('service logs shows the whole tree, or where the instance is', async () => {
  await using proxy = await createProxy({ computerId: 'COMP-7' });
  await proxy.seed({
    computers: { 'COMP-7': { partitions: 1 } },
    instances: [{ partitionReference: 'elsewhere', softwareReleaseUrl: 'http://sr/' }],
  });
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  await put('client.cfg', `[slapos]\nmaster_url = ${url}\n`);
  const serviceLogs = (...words: string[]): Promise<Outcome> =>
    runSlapos(['service', 'logs', '--cfg', at('client.cfg'), '--node-cfg', at('slapos.cfg'), ...words], UTC);
  const here = await serviceLogs('shop', '--grep', 'up|done', '--json');
  expect([here.exitCode, texts(here.stdout)]).toEqual([0, ['up', 'done']]);
  const elsewhere = await serviceLogs('elsewhere');
  expect([elsewhere.exitCode, elsewhere.stdout]).toEqual([1, '']);
  expect(messages(elsewhere.stderr)).toContain('elsewhere is on COMP-7, slappart0: its logs can be read there');
  expect(messages((await serviceLogs('nobody')).stderr)).toContain('Instance nobody does not exist');
});
