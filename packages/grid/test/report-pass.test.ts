import { chmod, chown, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { execa } from 'execa';
import { type ManagedPartition, ManagerSet } from '@slapos/manager';
import { SlapError } from '@slapos/slap';
import type { ProcessInfo } from '@slapos/supervisor';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { Harness } from './support/harness.js';
import { MemorySupervisor } from './support/memory-supervisor.js';
import { isRoot } from './support/node.js';

const RELEASE_URL = 'https://example.org/software.cfg';
const OUTBOX = 'var/usage-outbox.json';

let harness: Harness;
let supervisor: MemorySupervisor;
beforeEach(async () => {
  harness = await Harness.create();
  supervisor = new MemorySupervisor();
  harness.ports = { ...harness.ports, supervisor };
});
afterEach(() => harness[Symbol.asyncDispose]());

function movement(resource: string, quantity = '1.0'): string {
  return `<movement><resource>${resource}</resource><reference>forged</reference><quantity>${quantity}</quantity><price>0.0</price><VAT></VAT></movement>`;
}

function consumption(...movements: string[]): string {
  return `<?xml version="1.0"?><consumption>${movements.join('')}</consumption>`;
}

async function addPartition(partitionId: string, requestedState = 'started'): Promise<string> {
  const directory = await harness.node.addPartition(partitionId);
  harness.request({ partitionId, softwareReleaseUrl: RELEASE_URL, requestedState });
  return directory;
}

/** Writes a file of the partition's user. */
async function put(directory: string, name: string, content: string, mode = 0o644): Promise<string> {
  const { uid, gid } = await stat(directory);
  const file = path.join(directory, name);
  let folder = directory;
  for (const part of path
    .dirname(name)
    .split('/')
    .filter((one) => one !== '.')) {
    folder = path.join(folder, part);
    await mkdir(folder, { recursive: true });
    if (isRoot) await chown(folder, uid, gid);
  }
  await writeFile(file, content);
  await chmod(file, mode);
  if (isRoot) await chown(file, uid, gid);
  return file;
}

/** Resource and partition of each movement that the master has accepted. */
function accepted(): string[] {
  return harness.master.calls
    .filter(([method]) => method === 'reportUsage')
    .flatMap(([, document]) => [
      ...String(document).matchAll(/<resource>([^<]*)<\/resource>.*?<reference>([^<]*)<\/reference>/g),
    ])
    .map(([, resource, reference]) => `${resource} of ${reference}`);
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

describe('report scripts', () => {
  test('run as the partition’s user, each with a path of its own, and what they write is sent', async () => {
    const directory = await addPartition('slappart0');
    await put(directory, 'var/xml_report/.keep', '');
    const script = (resource: string): string =>
      `#!/bin/sh\nid -u > ../../who\npwd > ../../where\necho '${consumption(movement(resource))}' > "$1"\n`;
    await put(directory, 'etc/report/cpu', script('CPU'), 0o755);
    await put(directory, 'etc/report/memory', script('Memory'), 0o755);
    const result = await harness.runReport();
    expect(result.outcome).toBe('success');
    expect(accepted().sort()).toEqual(['CPU of slappart0', 'Memory of slappart0']);
    const { uid } = await stat(directory);
    expect((await readFile(path.join(directory, 'who'), 'utf8')).trim()).toBe(String(uid));
    expect((await readFile(path.join(directory, 'where'), 'utf8')).trim()).toBe(path.join(directory, 'etc/report'));
    expect(await readdir(path.join(directory, 'var/xml_report'))).toEqual(['.keep']);
    expect(await exists(path.join(harness.node.instanceRoot, OUTBOX))).toBe(false);
  });

  test('that fail are told to the master, and the others run', async () => {
    const directory = await addPartition('slappart0');
    const other = await addPartition('slappart1');
    await put(directory, 'etc/report/a-bad', '#!/bin/sh\nexit 3\n', 0o755);
    await put(directory, 'etc/report/b-good', '#!/bin/sh\ntouch ../../ran\n', 0o755);
    await put(other, 'etc/report/good', '#!/bin/sh\ntouch ../../ran\n', 0o755);
    const result = await harness.runReport();
    expect(result.outcome).toBe('failure');
    expect(harness.master.calls).toContainEqual(['reportPartitionError', 'slappart0', "Script 'a-bad' failed."]);
    expect(await exists(path.join(directory, 'ran'))).toBe(true);
    expect(await exists(path.join(other, 'ran'))).toBe(true);
  });
});

test('a partition without a folder is told to the master, and is no failure of the pass', async () => {
  await addPartition('slappart0');
  harness.request({ partitionId: 'slappart7', softwareReleaseUrl: RELEASE_URL, requestedState: 'destroyed' });
  expect(await harness.runReport()).toMatchObject({
    outcome: 'success',
    items: [
      { partitionId: 'slappart7', outcome: 'missing' },
      { partitionId: 'slappart0', outcome: 'unchanged' },
    ],
  });
  const told = harness.master.calls.filter(([method]) => method !== 'fetchComputerInformation');
  expect(told.map(([method, partitionId]) => [method, partitionId])).toEqual([['reportPartitionError', 'slappart7']]);
});

describe('usage reports', () => {
  test('of all partitions go in one document, with the partition as the reference whatever they say', async () => {
    for (const id of ['slappart0', 'slappart1'])
      await put(await addPartition(id), 'var/xml_report/a.xml', consumption(movement(`&lt;${id}&gt;`)));
    const shared = path.join(harness.node.instanceRoot, 'var/xml_report/slappart0');
    await mkdir(shared, { recursive: true });
    await writeFile(path.join(shared, 'b.xml'), consumption(movement('outside')));
    await harness.runReport();
    expect(harness.master.calls.filter(([method]) => method === 'reportUsage')).toHaveLength(1);
    expect(accepted()).toEqual([
      '&lt;slappart0&gt; of slappart0',
      'outside of slappart0',
      '&lt;slappart1&gt; of slappart1',
    ]);
    expect(await readdir(shared)).toEqual([]);
  });

  test('that are not valid stay, and disturb nobody', async () => {
    const directory = await addPartition('slappart0');
    const bad = {
      'entities.xml': `<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]>${consumption(movement('&x;'))}`,
      'infinite.xml': consumption(movement('x', 'INF')),
      'many.xml': consumption(...Array.from({ length: 1001 }, () => movement('x'))),
      'noise.xml': 'hello',
      'large.xml': consumption(movement('x'.repeat(100_000))),
    };
    for (const [name, content] of Object.entries(bad)) await put(directory, `var/xml_report/${name}`, content);
    await symlink('/etc/passwd', path.join(directory, 'var/xml_report/link.xml'));
    await execa('mkfifo', [path.join(directory, 'var/xml_report/fifo.xml')]);
    await put(await addPartition('slappart1'), 'var/xml_report/good.xml', consumption(movement('CPU')));
    expect((await harness.runReport()).outcome).toBe('success');
    expect(accepted()).toEqual(['CPU of slappart1']);
    expect((await readdir(path.join(directory, 'var/xml_report'))).sort()).toEqual(
      [...Object.keys(bad), 'fifo.xml', 'link.xml'].sort(),
    );
  });

  test('about the computer are sent as they are', async () => {
    const folder = path.join(harness.node.instanceRoot, 'var/xml_report/COMP-0');
    await mkdir(folder, { recursive: true });
    const document = `<?xml version='1.0'?><journal><transaction type="T"><start_date/><stop_date/><reference>r</reference><currency/><payment_mode/><arrow type="D"/>${movement('disk')}</transaction></journal>`;
    await writeFile(path.join(folder, '2026-11-22.xml'), document);
    await writeFile(path.join(folder, 'wrong.xml'), consumption(movement('x')));
    await harness.runReport();
    expect(harness.master.calls).toContainEqual(['reportUsage', document]);
    expect(await readdir(folder)).toEqual(['wrong.xml']);
  });

  test('that the master refuses are found among the others, and set aside', async () => {
    const directories: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      const directory = await addPartition(`slappart${index}`);
      await put(directory, 'var/xml_report/a.xml', consumption(movement(index === 4 ? 'poison' : `use${index}`)));
      directories.push(directory);
    }
    harness.master.failOn('reportUsage', (document) =>
      String(document).includes('poison') ? new SlapError('SLAP_HTTP_ERROR', 'refused', { status: 400 }) : undefined,
    );
    const result = await harness.runReport();
    expect(result.outcome).toBe('failure');
    const good = harness.master.calls.filter(
      ([method, document]) => method === 'reportUsage' && !String(document).includes('poison'),
    );
    expect(good.flatMap(([, document]) => [...String(document).matchAll(/use\d/g)].map(String)).sort()).toEqual([
      'use0',
      'use1',
      'use2',
      'use3',
      'use5',
      'use6',
    ]);
    expect(harness.master.calls).toContainEqual(['reportPartitionError', 'slappart4', 'refused']);
    expect(await readdir(path.join(directories[4]!, 'var/xml_report'))).toEqual(['refused']);
    expect(await readdir(path.join(directories[4]!, 'var/xml_report/refused'))).toEqual(['a.xml']);
    expect(await exists(path.join(harness.node.instanceRoot, OUTBOX))).toBe(false);
    // The next pass has nothing to say.
    harness.master.calls.splice(0);
    expect((await harness.runReport()).outcome).toBe('success');
    expect(accepted()).toEqual([]);
  });

  // As often as the goal says with SLAPOS_TORTURE, else a short form.
  const faults = process.env['SLAPOS_TORTURE'] === undefined ? 60 : 1000;

  test(`are neither lost nor sent twice while the master fails in ${faults} ways`, async () => {
    const directory = await addPartition('slappart0');
    const received: string[] = [];
    const expected: string[] = [];
    for (let round = 0; round < faults; round += 1) {
      const resource = `use${round}`;
      expected.push(resource);
      await put(directory, 'var/xml_report/a.xml', consumption(movement(resource)));
      const refuses = [0, 408, 500, 503][round % 4]!;
      harness.master.failOn('reportUsage', () =>
        refuses === 0
          ? new SlapError('SLAP_CONNECTION_FAILED', 'away', { retryable: true })
          : new SlapError('SLAP_HTTP_ERROR', 'broken', { status: refuses }),
      );
      expect((await harness.runReport()).outcome).toBe('failure');
      expect(await exists(path.join(directory, 'var/xml_report/a.xml'))).toBe(true);
      if (round % 3 !== 0) continue;
      harness.master.heal();
      harness.master.calls.splice(0);
      expect((await harness.runReport()).outcome).toBe('success');
      received.push(...accepted());
    }
    harness.master.heal();
    harness.master.calls.splice(0);
    await harness.runReport();
    received.push(...accepted());
    expect(received).toEqual(expected.map((resource) => `${resource} of slappart0`));
  });

  test('that were accepted before a kill are not sent again', async () => {
    const directory = await addPartition('slappart0');
    const file = await put(directory, 'var/xml_report/a.xml', consumption(movement('CPU')));
    harness.master.failOn('reportUsage', () => new SlapError('SLAP_CONNECTION_FAILED', 'away', { retryable: true }));
    await harness.runReport();
    const outbox = path.join(harness.node.instanceRoot, OUTBOX);
    const waiting = await readFile(outbox, 'utf8');
    // Killed between the master's answer and the removal of the file.
    await writeFile(outbox, waiting.replace('"isAccepted":false', '"isAccepted":true'));
    harness.master.heal();
    harness.master.calls.splice(0);
    await harness.runReport();
    expect(accepted()).toEqual([]);
    expect(await exists(file)).toBe(false);
    // What is written later under the same name is another report.
    await put(directory, 'var/xml_report/a.xml', consumption(movement('CPU', '2.0')));
    await harness.runReport();
    expect(accepted()).toEqual(['CPU of slappart0']);
  });
});

describe('a destroyed instance', () => {
  test('is stopped, removed and reported, and its partition is as new', async () => {
    const directory = await addPartition('slappart0', 'destroyed');
    const before = await stat(directory);
    await put(directory, 'etc/service/web', '#!/bin/sh\n', 0o755);
    await put(directory, 'srv/data/x', 'x');
    const goodbye = path.join(harness.node.directory, 'goodbye');
    await writeFile(goodbye, '', { mode: 0o666 });
    await chmod(goodbye, 0o666);
    await put(directory, 'sbin/destroy', `#!/bin/sh\npwd > ${goodbye}\n`, 0o755);
    await put(directory, '.hidden', '');
    await symlink('/etc', path.join(directory, 'link-to-a-folder'));
    await symlink('/opt/soft', path.join(directory, 'software_release'));
    const configuration = path.join(harness.node.instanceRoot, 'etc/supervisord.conf.d');
    await mkdir(configuration, { recursive: true });
    for (const name of ['slappart0.conf', 'slappart0-prerm.conf', 'slappart0a.conf'])
      await writeFile(path.join(configuration, name), '');
    const result = await harness.runReport();
    expect(result.items).toEqual([{ partitionId: 'slappart0', outcome: 'destroyed' }]);
    expect(await readdir(directory)).toEqual([]);
    expect(harness.events.map(({ type }) => type)).toEqual([
      'pass.started',
      'partition.started',
      'partition.destroyed',
      'partition.finished',
      'pass.finished',
    ]);
    const after = await stat(directory);
    expect([after.ino, after.uid, after.gid, after.mode & 0o7777]).toEqual([before.ino, before.uid, before.gid, 0o750]);
    expect(await readdir(configuration)).toEqual(['slappart0a.conf']);
    expect(supervisor.calls).toContain('update');
    expect(harness.takeCalls()).toEqual([
      'fetchComputerInformation',
      'reportPartitionStopped slappart0',
      'reportPartitionDestroyed slappart0',
    ]);
    expect(await exists('/etc/passwd')).toBe(true);
    expect(await readFile(goodbye, 'utf8')).toBe(`${directory}\n`);
  });

  test('whose pass was killed is destroyed by the next one', async () => {
    await addPartition('slappart0', 'destroyed');
    expect((await harness.runReport()).items[0]?.outcome).toBe('destroyed');
    expect((await harness.runReport()).items[0]?.outcome).toBe('destroyed');
  });

  test('stays until its usage has been told', async () => {
    const directory = await addPartition('slappart0', 'destroyed');
    await put(directory, 'var/xml_report/last.xml', consumption(movement('CPU')));
    harness.master.failOn('reportUsage', () => new SlapError('SLAP_CONNECTION_FAILED', 'away', { retryable: true }));
    expect((await harness.runReport()).items).toEqual([
      { partitionId: 'slappart0', outcome: 'kept', reason: 'report-not-sent' },
    ]);
    expect(await exists(path.join(directory, 'var/xml_report/last.xml'))).toBe(true);
    harness.master.heal();
    expect((await harness.runReport()).items[0]?.outcome).toBe('destroyed');
  });

  test('stays while a process that is waited for runs', async () => {
    const directory = await addPartition('slappart0', 'destroyed');
    await put(directory, '.slapos-report-wait-service-list', 'slappart0-prerm:farewell\nslappart0-prerm:unknown\n');
    let stateName: ProcessInfo['stateName'] = 'RUNNING';
    supervisor.processInfo = (name = '') =>
      Promise.resolve(name.endsWith(':farewell') ? ({ stateName } as ProcessInfo) : undefined);
    expect((await harness.runReport()).items[0]).toMatchObject({ outcome: 'kept', reason: 'waiting-for-processes' });
    stateName = 'EXITED';
    expect((await harness.runReport()).items[0]?.outcome).toBe('destroyed');
  });

  test('is kept as long as it was asked for when it was deployed', async () => {
    const directory = await addPartition('slappart0', 'destroyed');
    await put(directory, '.slapos-retention-lock-delay', '2.0');
    expect((await harness.runReport()).items[0]).toMatchObject({ outcome: 'kept', reason: 'retention' });
    const date = path.join(directory, '.slapos-retention-lock-date');
    const seconds = Number(await readFile(date, 'utf8'));
    expect(Math.abs(seconds - (Date.now() / 1000 + 2 * 86_400))).toBeLessThan(60);
    await writeFile(date, (Date.now() / 1000 - 1).toFixed(1));
    expect((await harness.runReport()).items[0]?.outcome).toBe('destroyed');
  });

  test('whose own destruction fails stays, and the others go', async () => {
    const directory = await addPartition('slappart0', 'destroyed');
    await put(directory, 'sbin/destroy', '#!/bin/sh\nexit 4\n', 0o755);
    await addPartition('slappart1', 'destroyed');
    const result = await harness.runReport();
    expect(result.outcome).toBe('failure');
    expect(result.items.map(({ outcome }) => outcome)).toEqual(['failed', 'destroyed']);
    expect(await exists(path.join(directory, 'sbin/destroy'))).toBe(true);
    expect(harness.master.calls).toContainEqual([
      'reportPartitionError',
      'slappart0',
      expect.stringContaining('sbin/destroy ended with 4') as string,
    ]);
  });

  test('is removed only after what managers do', async () => {
    const directory = await addPartition('slappart0', 'destroyed');
    await put(directory, 'precious', '');
    const seen: string[][] = [];
    const manager = {
      report: async (partition: ManagedPartition): Promise<void> => {
        seen.push(await readdir(partition.directory));
      },
    };
    harness.ports = { ...harness.ports, managers: new ManagerSet([{ name: 'witness', manager }]) };
    await harness.runReport();
    expect(seen[0]).toContain('precious');
    expect(await readdir(directory)).toEqual([]);
  });

  test('leaves nothing on other disks', async () => {
    const directory = await addPartition('slappart0', 'destroyed');
    const storage = path.join(harness.node.directory, 'storages');
    for (const id of ['slappart0', 'slappart1']) {
      await mkdir(path.join(storage, 'disk1', id), { recursive: true });
      await writeFile(path.join(storage, 'disk1', id, 'data'), '');
    }
    await put(directory, 'DATA/.keep', '');
    await symlink(path.join(storage, 'disk1/slappart0'), path.join(directory, 'DATA/disk1'));
    await harness.runReport({}, { instanceStorageHome: storage });
    expect(await readdir(path.join(storage, 'disk1/slappart0'))).toEqual([]);
    expect(await readdir(path.join(storage, 'disk1/slappart1'))).toEqual(['data']);
  });
});

test('what the outbox cannot read is put aside, and the files are read again', async () => {
  const directory = await addPartition('slappart0');
  await put(directory, 'var/xml_report/a.xml', consumption(movement('CPU')));
  await mkdir(path.join(harness.node.instanceRoot, 'var'), { recursive: true });
  await writeFile(path.join(harness.node.instanceRoot, OUTBOX), '{"version":1,"batches":[{');
  await harness.runReport();
  expect(accepted()).toEqual(['CPU of slappart0']);
  expect(await exists(path.join(harness.node.instanceRoot, `${OUTBOX}.broken`))).toBe(true);
});
