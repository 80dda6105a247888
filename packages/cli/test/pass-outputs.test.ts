import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createProxy, type Proxy } from '@slapos/proxy';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { create } from 'xmlbuilder2';
import { type Outcome, runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

const NOBODY = 65_534;
const NEVER_BUILT = 'https://lab.example/software/web/software.cfg';

let folder: string;
let proxy: Proxy;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-outputs-'));
  proxy = await createProxy({ computerId: 'COMP-7' });
  await proxy.seed({
    computers: { 'COMP-7': { partitions: 2 } },
    instances: [{ partitionReference: 'web <&> "é"', softwareReleaseUrl: NEVER_BUILT }],
  });
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  // The second partition has no folder.
  for (const name of ['soft', 'inst/slappart0']) await mkdir(at(name), { recursive: true, mode: 0o750 });
  // Nothing is run in a folder that belongs to root.
  if (process.geteuid?.() === 0) await chown(at('inst/slappart0'), NOBODY, NOBODY);
  await writeFile(
    at('slapos.cfg'),
    `[slapos]
computer_id = COMP-7
master_url = ${url}
root_check = false
instance_root = ${at('inst')}
software_root = ${at('soft')}
pidfile_software = ${at('software.pid')}
pidfile_instance = ${at('instance.pid')}
pidfile_report = ${at('report.pid')}
forbid_supervisord_automatic_launch = true
`,
  );
});

afterEach(async () => {
  await proxy.close();
  await rm(folder, { recursive: true });
});

function at(...names: string[]): string {
  return path.join(folder, ...names);
}

function slapos(...words: string[]): Promise<Outcome> {
  return runSlapos(['node', ...words, '--cfg', at('slapos.cfg'), '--now']);
}

it('a pass tells programs what it does and did, in the way that each reads', async () => {
  const words = ['--report', at('report.json'), '--junit', at('junit.xml'), '--events', '-'];
  const { exitCode, stdout, stderr } = await slapos('instance', ...words);
  expect(exitCode).toBe(1);
  // What a person reads at the end: how it went, what to look at and how, the exit code (spec: ux-ideas §10).
  const summary = stderr.slice(stderr.indexOf('instance pass: ')).trimEnd().split('\n');
  expect(summary[0]).toMatch(/^instance pass: 2 partitions in \d+\.\d s – 1 without a folder, 1 failed$/);
  expect(summary.slice(1)).toEqual([
    expect.stringMatching(
      /^ {2}slappart0 {2}web <&> "é" {2}FAILED {3}Software Release https:\S+ .+… {4}node logs slappart0 --last-pass$/,
    ) as string,
    expect.stringMatching(/^ {2}slappart1 {15}MISSING {2}Partition directory \S+ not found\. +node format$/) as string,
    'exit 1',
  ]);

  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(events.map(({ type, partition }) => `${type ?? ''} ${partition ?? ''}`.trimEnd())).toEqual([
    'pass.started',
    'master.request',
    'partition.planned slappart0',
    'partition.planned slappart1',
    'master.request',
    'partition.finished slappart1',
    'partition.started slappart0',
    'partition.step slappart0',
    'master.request',
    'partition.finished slappart0',
    'pass.finished',
  ]);
  const [{ id = '' } = {}] = events;
  expect(new Set(events.map(({ v, passName, passId }) => JSON.stringify([v, passName, passId])))).toEqual(
    new Set([JSON.stringify([1, 'instance', id])]),
  );
  // As the sample has it: the kind of the pass first, then the id that it began with.
  expect(events.map(({ pass }) => pass)).toEqual(['instance', ...events.slice(1).map(() => id)]);

  const report = JSON.parse(await readFile(at('report.json'), 'utf8')) as { passId: string };
  expect(report).toMatchObject({
    apiVersion: 'slapos.cli/1',
    kind: 'PassReport',
    pass: 'instance',
    passId: events[0]?.['passId'],
    outcome: 'failure',
    exitCode: 1,
    counts: { failed: 1, missing: 1 },
    items: [
      {
        name: 'slappart0',
        title: 'web <&> "é"',
        action: 'process',
        reason: 'not-deployed',
        outcome: 'failed',
        error: { code: expect.any(String) as string, message: expect.stringContaining(NEVER_BUILT) as string },
      },
      { name: 'slappart1', outcome: 'missing', reason: 'folder-missing' },
    ],
  });

  const junit = await readFile(at('junit.xml'), 'utf8');
  expect(junit).toContain(' name="slappart0 web &lt;&amp;&gt; &quot;é&quot;"');
  expect(create(junit).end({ format: 'object' })).toMatchObject({
    testsuites: {
      testsuite: {
        '@name': 'slapos.instance',
        '@tests': '2',
        '@failures': '2',
        '@skipped': '0',
        testcase: [
          { failure: { '@message': expect.stringContaining(NEVER_BUILT) as string } },
          { '@name': 'slappart1' },
        ],
      },
    },
  });
});

it('the machine keeps a journal of all passes, and the state of the last one', async () => {
  const before = await slapos('instance');
  expect(before.exitCode).toBe(1);
  expect(JSON.parse(await readFile(at('inst/var/run/slapos-pass.json'), 'utf8'))).toMatchObject({
    pass: 'instance',
    planned: 2,
    finished: 2,
    working: [],
    outcome: 'failure',
    counts: { failed: 1, missing: 1 },
  });

  const words = ['node', 'events', '--cfg', at('slapos.cfg')];
  const follower = spawn(process.execPath, [SLAPOS_BIN, ...words, '--follow', '--lines', '0', '--type', 'pass'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(follower, 'close');
  let followed = '';
  follower.stdout.setEncoding('utf8').on('data', (piece: string) => (followed += piece));
  try {
    // Events of a pass are seen as soon as the follower has begun.
    await vi.waitFor(
      async () => {
        await slapos('software');
        expect(followed).toMatch(/software {2}pass\.finished {2}success/);
      },
      { timeout: 30_000 },
    );
    expect(followed).not.toContain('instance');
  } finally {
    follower.kill('SIGTERM');
    await ended;
  }

  const all = await runSlapos([...words, '--json', '--lines', '1000']);
  const types = all.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; pass: string });
  expect(types.slice(0, 2)).toMatchObject([{ type: 'pass.started', pass: 'instance' }, { type: 'master.request' }]);
  const last = await runSlapos([...words, '--lines', '2']);
  expect(
    last.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('  ').slice(1, 3)),
  ).toEqual([
    ['software', 'master.request'],
    ['software', 'pass.finished'],
  ]);
  const partition = await runSlapos([...words, '--only-cp', 'slappart1', '--type', 'partition.finished']);
  expect(partition.stdout).toMatch(/^\S+ {2}instance {2}partition\.finished {2}slappart1 {2}missing/);
});

it('events are added to a file, also by a pass that has nothing to do', async () => {
  for (const pass of ['software', 'report']) expect((await slapos(pass, '--events', at('events'))).exitCode).toBe(0);
  const types = (await readFile(at('events'), 'utf8')).trimEnd().split('\n');
  expect(types.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
    'pass.started',
    'master.request',
    'pass.finished',
    'pass.started',
    'master.request',
    'pass.finished',
  ]);
});

it.each([
  ['/nonexistent/folder/events', 'argument --events: /nonexistent/folder/events cannot be written to'],
  ['fd:77', 'argument --events: fd:77 cannot be written to'],
])('events that can go nowhere are told before anything is done: %s', async (place, message) => {
  const { exitCode, stderr } = await slapos('instance', '--events', place);
  expect({ exitCode, named: stderr.includes(message) }, stderr).toEqual({ exitCode: 2, named: true });
  expect(await readdir(at('inst'))).toEqual(['slappart0']);
});

it('formatting tells each change of the machine that it makes', async () => {
  const user = os.userInfo().username;
  await writeFile(
    at('definition'),
    `[computer]\nsoftware_user = ${user}\n[partition_0]\nuser = ${user}\npathname = slappart0\nnetwork_interface =\naddress = 127.0.0.1/255.255.255.255\n`,
  );
  await writeFile(
    at('format.cfg'),
    `${await readFile(at('slapos.cfg'), 'utf8')}
[slapformat]
alter_user = false
alter_network = false
computer_xml = ${at('computer.xml')}
partition_amount = 1
partition_base_name = slappart
user_base_name = slapuser
tap_base_name = slaptap
interface_name = lo
ipv4_local_network = 10.0.0.0/16
partion_amount = 2
`,
  );
  const words = ['--now', '--input-definition-file', at('definition'), '--events', '-'];
  const { exitCode, stdout, stderr } = await runSlapos(['node', 'format', '--cfg', at('format.cfg'), ...words]);
  expect(exitCode, stderr).toBe(0);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; passName: string; step?: string; detail?: string });
  expect(new Set(events.map(({ passName }) => passName))).toEqual(new Set(['format']));
  expect(events[1]).toMatchObject({
    type: 'config.warning',
    message: expect.stringMatching(/\[slapformat\] partion_amount .*did you mean partition_amount\?$/) as string,
  });
  const steps = events.filter(({ type }) => type === 'format.step');
  expect(steps).toContainEqual(
    expect.objectContaining({ step: 'writeState', detail: `writeState ${at('computer.xml')}` }),
  );
  expect(events.at(-1)).toMatchObject({
    type: 'pass.finished',
    outcome: 'success',
    exitCode: 0,
    counts: { writeState: 1, send: 1 },
  });
});
