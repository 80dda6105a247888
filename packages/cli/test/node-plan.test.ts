import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createProxy, type Proxy } from '@slapos/proxy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Outcome, runSlapos } from './support/run-slapos.js';

const WEB = 'https://lab.example/slapos/raw/1.0/software/web/software.cfg';
const APP = 'https://lab.example/slapos/raw/1.0/software/app/software.cfg';
const OLD = 'https://lab.example/slapos/raw/1.0/software/old/software.cfg';

let folder: string;
let proxy: Proxy;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-plan-'));
  proxy = await createProxy({ computerId: 'COMP-7' });
  await proxy.seed({
    computers: { 'COMP-7': { partitions: 5 } },
    software: [{ softwareReleaseUrl: WEB }],
  });
  await using client = await proxy.client();
  await client.registerSupply().supply({ softwareReleaseUrl: OLD, computerId: 'COMP-7', state: 'destroyed' });
  for (const [partitionReference, softwareReleaseUrl, state] of [
    ['web', WEB, 'started'],
    ['app', APP, 'started'],
    ['gone', WEB, 'destroyed'],
    ['kept', WEB, 'destroyed'],
  ] as const)
    await client.registerOpenOrder().request({ softwareReleaseUrl, partitionReference, state });
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  for (const name of ['soft', ...Array.from({ length: 5 }, (_, index) => `inst/slappart${index}`)])
    await mkdir(at(name), { recursive: true, mode: 0o750 });
  await writeFile(
    at('slapos.cfg'),
    `[slapos]\ncomputer_id = COMP-7\nmaster_url = ${url}\nroot_check = false\ninstance_root = ${at('inst')}\nsoftware_root = ${at('soft')}\n`,
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
  return runSlapos(['node', ...words, '--cfg', at('slapos.cfg')]);
}

/** Puts a release there as a pass would leave it. */
async function build(url: string, completedAt: Date): Promise<void> {
  const release = at('soft', createHash('md5').update(url).digest('hex'));
  await mkdir(release);
  await writeFile(path.join(release, '.completed'), 'Fri Nov 20 12:00:00 2026');
  await utimes(path.join(release, '.completed'), completedAt, completedAt);
}

/** Names and times of everything, to see that nothing was touched. */
async function traces(): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return Promise.all(names.sort().map(async (name) => `${name} ${(await stat(at(name))).mtimeMs}`));
}

describe('slapos node plan', () => {
  it('says what the passes would do, and why, and does nothing', async () => {
    await build(OLD, new Date('2026-11-20T12:00:00Z'));
    await writeFile(at('inst/slappart3/.slapos-retention-lock-date'), '4102444800.0');
    const before = await traces();
    const { exitCode, stdout, stderr } = await slapos('plan');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [head, ...rest] = stdout.split('\n');
    expect(head).toMatch(/^Master http:\/\/127\.0\.0\.1:\d+ {2}computer COMP-7 {2}\(read \d\d:\d\d:\d\d\)$/);
    expect(rest).toEqual([
      '',
      'Software releases',
      '  + build    https://…/web/software.cfg  new',
      '  - destroy  https://…/old/software.cfg  requested',
      '',
      'Partitions',
      '  ! process  slappart0  web   [default]  not deployed yet, or its last pass failed, after its release is built',
      '  ? blocked  slappart1  app              release not built: https://…/app/software.cfg',
      '  ! process  slappart2  gone  [default]  not deployed yet, or its last pass failed, to be destroyed',
      '  ! process  slappart3  kept  [default]  not deployed yet, or its last pass failed, to be destroyed',
      '  - destroy  slappart2  gone             requested',
      '  . keep     slappart3  kept             requested, but kept until 2100-01-01',
      '',
      'Plan: 1 build, 1 removal, 3 to process, 1 to destroy, 1 blocked.',
      '',
    ]);
    expect(await traces()).toEqual(before);
  });

  it('names the time stamps that differ, and when an unchanged partition is processed again', async () => {
    await build(WEB, new Date('2026-11-20T12:00:00Z'));
    await writeFile(at('inst/slappart0/.timestamp'), '1000000000.5');
    const changed = await slapos('plan');
    expect(changed.stdout).toMatch(/^ {2}~ keep {5}https:\/\/…\/web\/software\.cfg {2}complete since 2026-11-20$/m);
    const stamps = /slappart0 .* master timestamp (\S+) > processed 1000000000\.5$/m.exec(changed.stdout);
    await writeFile(at('inst/slappart0/.timestamp'), stamps?.[1] ?? '');
    const same = await slapos('plan', 'instance', '--only-cp', 'slappart0', '--exit-code');
    expect(same.stdout).toMatch(/^ {2}\. skip {5}slappart0 {2}web {2}unchanged, next by periodicity in 23 h$/m);
    expect(same.stdout).toMatch(/^Plan: nothing to do, 1 unchanged\.$/m);
    expect(same.exitCode).toBe(0);
    const forced = await slapos('plan', 'instance', '--only-cp', 'slappart0', '--exit-code', '--force');
    expect({ code: forced.exitCode, why: forced.stdout.includes('[default]  forced\n') }).toEqual({
      code: 6,
      why: true,
    });
  });

  it('says how often in a row the last passes failed on what is not deployed', async () => {
    const finished = (partition: string, outcome: string) => ({ type: 'partition.finished', partition, outcome });
    const past = [
      finished('slappart2', 'failed'),
      finished('slappart2', 'processed'),
      finished('slappart2', 'failed'),
      finished('slappart2', 'promise-failed'),
    ].map((event) => JSON.stringify({ v: 1, passName: 'instance', ...event }));
    await mkdir(at('inst/var/log'), { recursive: true });
    await writeFile(at('inst/var/log/slapos-events.jsonl'), `cut off\n${past.join('\n')}\n`);
    const { stdout } = await slapos('plan', 'instance');
    expect(stdout).toMatch(/slappart2 .* last pass failed 2 times, next by retry, to be destroyed$/m);
    expect(stdout).toMatch(/slappart3 .* not deployed yet, to be destroyed$/m);
  });

  it('is a document with the decisions as they are', async () => {
    const { stdout } = await slapos('plan', '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      apiVersion: 'slapos.cli/1',
      kind: 'NodePlan',
      computerId: 'COMP-7',
      software: { releases: [{ action: 'build', reason: 'new', softwareReleaseUrl: WEB }, { action: 'destroy' }] },
      instance: [
        { partitionId: 'slappart0', action: 'process', reason: 'not-deployed', instanceTitle: 'web', blocked: true },
        { blocked: true },
        { requestedState: 'destroyed' },
        { requestedState: 'destroyed' },
        { action: 'tidy', reason: 'free' },
      ],
      report: [{ partitionId: 'slappart2', action: 'destroy', reason: 'requested' }, { partitionId: 'slappart3' }],
      counts: { build: 1, removal: 1, process: 3, destroy: 2, blocked: 1, unchanged: 0 },
    });
  });

  it('plans to prune and to format, too', async () => {
    const without = await slapos('plan', 'prune');
    expect({ code: without.exitCode, said: without.stderr.includes('shared_part_list') }).toEqual({
      code: 1,
      said: true,
    });
    const part = at('shared', 'zlib', 'a'.repeat(32));
    await mkdir(part, { recursive: true });
    await writeFile(path.join(part, '.buildout-shared.json'), '{}');
    const config = `shared_part_list = ${at('shared')}
[slapformat]
computer_xml = ${at('computer.xml')}
partition_amount = 1
partition_base_name = slappart
user_base_name = slapuser
tap_base_name = slaptap
alter_user = true
alter_network = false
create_tap = false
interface_name = lo
ipv4_local_network = 10.0.0.0/16
`;
    await writeFile(at('slapos.cfg'), config, { flag: 'a' });
    const prune = await slapos('plan', 'prune', '--exit-code');
    expect({ code: prune.exitCode, out: prune.stdout.split('\n').slice(2, 6) }).toEqual({
      code: 6,
      out: ['Shared parts', `  - remove   ${part}  nothing uses it`, '', 'Plan: 1 shared part to remove.'],
    });
    const format = await slapos('plan', 'format');
    expect(format.exitCode, format.stderr).toBe(0);
    expect(format.stdout).toMatch(/^Machine\n {2}\+ /m);
    expect(await readdir(folder)).not.toContain('computer.xml');
  });

  it.each([
    [
      ['plan', 'nonsense'],
      2,
      "invalid choice: 'nonsense' (choose from 'software', 'instance', 'report', 'prune', 'format')",
    ],
    [['plan', 'instance', '--only-cp', 'slappart9'], 1, 'Unknown partition: slappart9'],
  ])('refuses %j', async (words, code, message) => {
    const { exitCode, stderr } = await slapos(...words);
    expect({ exitCode, named: stderr.includes(message) }, stderr).toEqual({ exitCode: code, named: true });
  });
});

describe('--dry-run of a pass', () => {
  it.each(['software', 'instance', 'report'])('%s says the same of that pass', async (pass) => {
    const before = await traces();
    const [plan, dryRun] = [await slapos('plan', pass), await slapos(pass, '--dry-run')];
    const rest = ({ stdout }: Outcome): string[] => stdout.split('\n').slice(1);
    expect(dryRun.exitCode).toBe(0);
    expect(rest(dryRun)).toEqual(rest(plan));
    expect(await traces()).toEqual(before);
  });
});
