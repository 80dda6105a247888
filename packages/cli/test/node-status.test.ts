import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { messages, type Outcome, runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

const PATIENCE = { timeout: 30_000, interval: 50 };

const GROUP = `[group:slappart0]
programs=slappart0_web,slappart0_job
[program:slappart0_web]
command=/bin/sh -c 'exec sleep 600'
process_name=web-on-watch
autostart=false
autorestart=false
startsecs=0
[program:slappart0_job]
command=/bin/sh -c 'exit 3'
process_name=job
autostart=false
autorestart=false
startsecs=0
[group:slappart0-socat]
programs=slappart0-socat_x
[program:slappart0-socat_x]
command=/bin/sh -c 'exec sleep 600'
autostart=false
[group:slappart01]
programs=slappart01_x
[program:slappart01_x]
command=/bin/sh -c 'exec sleep 600'
autostart=false
`;

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'slapos-st-')));
  await mkdir(path.join(folder, 'inst'));
  await writeFile(
    path.join(folder, 'slapos.cfg'),
    `[slapos]\ninstance_root = ${path.join(folder, 'inst')}\nroot_check = false\nsupervisor = embedded\n`,
  );
  await slapos('node', 'supervisord');
  await writeFile(path.join(folder, 'inst/etc/supervisord.conf.d/test.conf'), GROUP);
  await slapos('node', 'supervisorctl', 'update');
});

afterEach(async () => {
  await slapos('node', 'supervisorctl', 'shutdown');
  await vi.waitFor(async () => {
    await configure('forbid_supervisord_automatic_launch = true');
    expect((await slapos('node', 'status', '--json')).exitCode).toBe(4);
  }, PATIENCE);
  await rm(folder, { recursive: true });
});

async function configure(line: string): Promise<void> {
  await writeFile(
    path.join(folder, 'slapos.cfg'),
    `[slapos]\ninstance_root = ${path.join(folder, 'inst')}\nroot_check = false\nsupervisor = embedded\n${line}\n`,
  );
}

function slapos(...[node = '', command = '', ...words]: string[]): Promise<Outcome> {
  return runSlapos([node, command, '--cfg', path.join(folder, 'slapos.cfg'), ...words]);
}

interface StatusDocument {
  readonly kind: string;
  readonly supervisor: string;
  readonly unknown: readonly string[];
  readonly items: readonly { readonly partition: string; readonly service: string; readonly state: string }[];
}

async function statusDocument(...words: string[]): Promise<{ exitCode: number | null; document: StatusDocument }> {
  const { exitCode, stdout } = await slapos('node', 'status', '--output', 'json', ...words);
  return { exitCode, document: JSON.parse(stdout) as StatusDocument };
}

it('shows services as lines, table and document, with the exit status of supervisorctl', async () => {
  const lines = await slapos('node', 'status', 'slappart0:*');
  expect(lines.exitCode).toBe(3);
  expect(lines.stdout).toMatch(/^slappart0:web-on-watch {11}STOPPED {3}Not started$/m);

  const before = await statusDocument('slappart0:web-on-watch');
  expect(before.exitCode).toBe(3);
  expect(before.document).toEqual({
    apiVersion: 'slapos.cli/1',
    kind: 'NodeStatus',
    pass: null,
    supervisor: 'running',
    unknown: [],
    items: [
      expect.objectContaining({
        partition: 'slappart0',
        service: 'web-on-watch',
        state: 'STOPPED',
        pid: null,
        startedAt: null,
        stoppedAt: null,
        exitStatus: null,
        error: null,
      }),
    ],
  });
  await slapos('node', 'start', 'slappart0:*');
  const after = await statusDocument('slappart0:web-on-watch');
  expect(after.exitCode).toBe(0);
  expect(after.document.items[0]).toMatchObject({
    state: 'RUNNING',
    pid: expect.any(Number) as number,
    startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/) as string,
  });

  const table = await slapos('node', 'status', '--output', 'table', '--columns', 'service,state', 'slappart0:*');
  expect(table.stdout).toMatch(/^SERVICE +STATE\njob +EXITED\nweb-on-watch +RUNNING\n$/);
});

it('selects by partition and by failure, and names what is not there', async () => {
  await slapos('node', 'start', 'slappart0:*');
  const services = ({ document }: { document: StatusDocument }): string[] =>
    document.items.map(({ partition, service }) => `${partition}:${service}`);
  // A partition whose name only begins alike is another one.
  expect(services(await statusDocument('--only-cp', 'slappart0'))).toEqual([
    'slappart0:job',
    'slappart0:web-on-watch',
    'slappart0-socat:slappart0-socat_x',
  ]);
  await vi.waitFor(
    async () => expect(services(await statusDocument('--failed', '--only-cp', 'slappart0'))).toEqual(['slappart0:job']),
    PATIENCE,
  );
  const unknown = await slapos('node', 'status', '--json', 'nope:*');
  expect(unknown.exitCode).toBe(4);
  expect(messages(unknown.stderr)).toContain('nope: ERROR (no such group)');
});

async function put(name: string, text: string): Promise<void> {
  const file = path.join(folder, 'inst', name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}

function promiseResult(title: string, failed: boolean, message: string): string {
  const date = '2026-01-02T03:04:05+0000';
  const result = { type: 'Test Result', failed, date, message };
  return JSON.stringify({ title, name: `${title}.py`, path: `/p/${title}.py`, 'execution-time': 0.1, result });
}

it('shows the machine on one screen: partitions, what is wrong in them, and releases', async () => {
  await put(
    'var/lib/grid/last-target.json',
    JSON.stringify([
      {
        partitionId: 'slappart0',
        requestedState: 'started',
        softwareReleaseUrl: 'http://sr/web/software.cfg',
        softwareType: 'default',
        instanceTitle: 'web',
      },
    ]),
  );
  await put('slappart0/.slapgrid/promise/result/check-http.status.json', promiseResult('check-http', true, 'refused'));
  await put('slappart0/.slapgrid/promise/result/fine.status.json', promiseResult('fine', false, ''));
  await put('slappart7/var/x', '');
  const finished = {
    v: 1,
    type: 'partition.finished',
    pass: 'p',
    passName: 'instance',
    passId: 'p',
    partition: 'slappart0',
  };
  const time = new Date(Date.now() - 125_000).toISOString();
  await put(
    'var/log/slapos-events.jsonl',
    `${JSON.stringify({ ...finished, time, outcome: 'failed', durationMs: 1200 })}\n`,
  );
  const release = path.join(folder, 'soft/0123456789abcdef0123456789abcdef');
  await mkdir(release, { recursive: true });
  await writeFile(path.join(release, '.completed'), '');
  await writeFile(path.join(release, 'buildout.cfg'), '[buildout]\nextends = http://sr/web/software.cfg\n');
  await configure(`software_root = ${path.join(folder, 'soft')}\ncomputer_id = COMP-7`);
  await slapos('node', 'start', 'slappart0:*');
  await vi.waitFor(
    async () => expect((await statusDocument('--failed', '--only-cp', 'slappart0')).document.items).toHaveLength(1),
    PATIENCE,
  );

  const { stdout } = await slapos('node', 'status', '--output', 'table');
  const [header = '', ...lines] = stdout.split('\n');
  expect(header).toMatch(/^COMP-7 {3}disk \d+ % {3}load \d+\.\d {3}\d\d:\d\d$/);
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ['PARTITION', 'INSTANCE', 'TYPE', 'STATE', 'SERVICES', 'PROMISES', 'LAST PASS'],
    ['slappart0', 'web', 'default', 'started', '1/3', 'x 1 of 2', '2 min ago, failed'],
    ['', 'x check-http', 'refused (since 2026-01-02)'],
    [
      '',
      expect.stringMatching(/^\* job/),
      expect.stringMatching(/^EXITED .*\(exit 3\)$/),
      'slapos node logs slappart0 job',
    ],
    ['', 'x last pass failed', 'slapos node logs slappart0 --last-pass'],
    ['slappart7', '-', '-', 'free'],
    ['SOFTWARE', 'http://sr/web/software.cfg complete'],
    [''],
  ]);

  const document = await slapos('node', 'status', '--partitions', '--json', '--only-cp', 'slappart0', '--master');
  expect(JSON.parse(document.stdout)).toMatchObject({
    kind: 'NodeDashboard',
    computerId: 'COMP-7',
    master: { isWell: false, message: 'is not configured' },
    releases: [{ softwareReleaseUrl: 'http://sr/web/software.cfg', state: 'complete' }],
    items: [
      {
        partition: 'slappart0',
        instance: 'web',
        services: { running: 1, all: 3, failed: [{ service: 'job', exitStatus: 3 }] },
        promises: { all: 2, failing: [{ promise: 'check-http', timesInARow: 1, since: '2026-01-02T03:04:05.000Z' }] },
        lastRun: { outcome: 'failed', durationMs: 1200, endedAt: time },
      },
    ],
  });
  const inTrouble = await slapos('node', 'status', '--failed');
  expect(inTrouble.stdout).toContain('check-http');
  expect(inTrouble.stdout).not.toContain('slappart7');
});

it('watches: one document for each change, until it is interrupted', async () => {
  const words = ['node', 'status', '--cfg', path.join(folder, 'slapos.cfg'), '--watch', '--json', '--interval', '0.1'];
  const child = spawn(process.execPath, [SLAPOS_BIN, ...words, 'slappart0:*'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let seen = '';
  child.stdout.on('data', (piece: Buffer) => (seen += piece.toString()));
  const states = (): string[][] =>
    seen
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as StatusDocument).items.map(({ state }) => state));
  await vi.waitFor(() => expect(states()).toEqual([['STOPPED', 'STOPPED']]), PATIENCE);
  await slapos('node', 'start', 'slappart0:web-on-watch');
  await vi.waitFor(() => expect(states().at(-1)).toEqual(['STOPPED', 'RUNNING']), PATIENCE);
  child.kill('SIGINT');
  await once(child, 'close');
  expect(child.exitCode).toBe(3);
});

it('refuses an interval that is none', async () => {
  for (const interval of ['0', '-1', 'soon', '']) {
    const { exitCode, stderr } = await slapos('node', 'status', '--watch', '--interval', interval);
    expect({ interval, exitCode }).toEqual({ interval, exitCode: 2 });
    expect(stderr).toContain(`argument --interval: '${interval}'`);
  }
});

it('lets go of the descriptors that a careless shell passed on', async () => {
  const words = ['node', 'status', '--cfg', path.join(folder, 'slapos.cfg'), '--watch', '--json'];
  const script = 'exec 20</etc/hostname 37</etc/hostname; exec "$@"';
  const child = spawn('bash', ['-c', script, 'bash', process.execPath, SLAPOS_BIN, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  const open = `/proc/${String(child.pid)}/fd`;
  const targets = await Promise.all(
    (await readdir(open)).map((name) => readlink(path.join(open, name)).catch(() => '')),
  );
  child.kill('SIGINT');
  await once(child, 'close');
  expect(targets).toContain('/dev/null');
  expect(targets).not.toContain('/etc/hostname');
});
