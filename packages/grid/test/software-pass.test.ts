import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { createLinuxHost, silentLogger } from '@slapos/host';
import { RecordingLogger } from '@slapos/host/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  createBuildoutBuilder,
  type PassEvent,
  runSoftwarePass,
  type SoftwarePassOptions,
  type SoftwarePassResult,
  type SoftwarePorts,
  softwareReleaseHash,
} from '../src/index.js';
import { InMemoryMaster } from '../src/testing.js';
import { isRoot, temporaryNode, type TemporaryNode } from './support/node.js';

let node: TemporaryNode;
let master: InMemoryMaster;
let events: PassEvent[];
let observer: (event: PassEvent) => void;
let logger: RecordingLogger;
beforeEach(async () => {
  node = await temporaryNode();
  master = new InMemoryMaster();
  events = [];
  observer = (event) => events.push(event);
  logger = new RecordingLogger();
});
afterEach(() => node[Symbol.asyncDispose]());

function want(...releases: [url: string, state: string][]): void {
  master.information = {
    ...master.information,
    softwareReleases: releases.map(([url, requestedState]) => ({ url, requestedState, computerId: 'COMP-0' })),
  };
}

function run(options: Partial<SoftwarePassOptions> = {}, signal?: AbortSignal): Promise<SoftwarePassResult> {
  const host = createLinuxHost();
  const ports: SoftwarePorts = {
    host,
    master,
    builder: createBuildoutBuilder({ commands: host.commands, logger: silentLogger }),
    logger,
  };
  return runSoftwarePass(
    {
      computerId: 'COMP-0',
      masterUrl: 'http://127.0.0.1:1',
      softwareRoot: node.softwareRoot,
      instanceRoot: node.instanceRoot,
      sharedPartList: ['/opt/a', '/opt/b'],
      minimumFreeBytes: 1n,
      allowLocalSoftware: true,
      ...options,
    },
    ports,
    { observer, ...(signal === undefined ? {} : { signal }) },
  );
}

function callNames(): string[] {
  return master.calls.map(([method]) => method);
}

function folder(url: string): string {
  return path.join(node.softwareRoot, softwareReleaseHash(url));
}

test('a release is built, reported and marked, and then left alone', async () => {
  const url = node.releaseUrl('hello-web');
  want([url, 'available']);
  const result = await run();
  expect(result).toMatchObject({ outcome: 'success', items: [{ action: 'build', reason: 'new', outcome: 'built' }] });
  expect(callNames()).toEqual(['fetchComputerInformation', 'reportSoftwareBuilding', 'reportSoftwareAvailable']);

  const release = await stat(folder(url));
  expect(release.mode & 0o7777).toBe(0o755);
  expect(release.uid).toBe(node.softwareUser?.uid ?? process.geteuid?.());
  expect(await readFile(path.join(folder(url), '.completed'), 'utf8')).toMatch(
    /^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
  );
  const golden = await readFile(new URL('fixtures/golden/software-buildout.cfg', import.meta.url), 'utf8');
  const expected = golden.replace('@FIXTURE_ROOT@', node.releases);
  expect((await readFile(path.join(folder(url), 'buildout.cfg'), 'utf8')).slice(0, expected.length)).toBe(expected);

  const log = await readFile(result.items[0]?.logPath ?? '', 'utf8');
  expect(log).toContain('Installing egg.');
  expect((await stat(result.items[0]?.logPath ?? '')).mode & 0o777).toBe(0o600);
  expect(events.filter((event) => event.type === 'software.part')).not.toHaveLength(0);

  master.calls.length = 0;
  expect(await run()).toMatchObject({ outcome: 'success', items: [{ action: 'keep', outcome: 'unchanged' }] });
  expect(callNames()).toEqual(['fetchComputerInformation']);
});

test('a build that fails is told to the master with its output, is not marked, and stops nobody', async () => {
  const broken = node.releaseUrl('broken-build');
  const good = node.releaseUrl('hello-web');
  want([broken, 'available'], [good, 'available']);
  const result = await run({ jobs: 2 });
  expect(result).toMatchObject({ outcome: 'failure', items: [{ outcome: 'failed' }, { outcome: 'built' }] });
  const report = master.calls.find(([method]) => method === 'reportSoftwareError');
  expect(report?.[1]).toBe(broken);
  expect(report?.[2]).toMatch(/^Failed to run buildout profile in directory '.*':\n/);
  expect(report?.[2]).toContain('forty_two');
  expect(await readdir(folder(broken))).not.toContain('.completed');
  expect(await readFile(result.items[0]?.logPath ?? '', 'utf8')).toContain('forty_two');
});

test('an interruption is told of the release under way, and of no other; garbage stays', async () => {
  const [first, second] = [node.releaseUrl('hello-web'), node.releaseUrl('slow-stop')];
  want([first, 'available'], [second, 'available']);
  await mkdir(folder('https://example.org/old'), { recursive: true });
  await writeFile(path.join(folder('https://example.org/old'), 'buildout.cfg'), '');
  const interruption = new AbortController();
  observer = ({ type }) => {
    if (type === 'software.started') interruption.abort(new Error('enough'));
  };
  await expect(run({ jobs: 1, collectGarbage: true }, interruption.signal)).rejects.toThrow('enough');
  const told = master.calls.filter(([method]) => method === 'reportSoftwareError');
  expect(told.map(([, url, text]) => [url, text])).toEqual([[first, 'The pass was interrupted']]);
  expect(await readdir(folder('https://example.org/old'))).toEqual(['buildout.cfg']);
});

test('the end of a pass is an event, also when the master cannot be asked', async () => {
  master.failOn('fetchComputerInformation', () => new Error('away'));
  await expect(run()).rejects.toThrow('away');
  expect(events).toMatchObject([
    { type: 'pass.started' },
    { type: 'pass.finished', outcome: 'failure', exitCode: 1, counts: {}, message: 'away' },
  ]);
});

test('when the last report is lost, the release is built and reported again', async () => {
  const url = node.releaseUrl('hello-web');
  want([url, 'available']);
  master.failOn('reportSoftwareAvailable', () => new Error('lost'));
  expect(await run()).toMatchObject({ outcome: 'failure' });
  expect(await readdir(folder(url))).not.toContain('.completed');
  master.heal();
  expect(await run()).toMatchObject({ outcome: 'success', items: [{ reason: 'incomplete', outcome: 'built' }] });
});

test('an empty mark is what a crash left, and does not count', async () => {
  const url = node.releaseUrl('hello-web');
  want([url, 'available']);
  await mkdir(folder(url));
  await writeFile(path.join(folder(url), '.completed'), '');
  expect(await run()).toMatchObject({ items: [{ action: 'build', reason: 'incomplete', outcome: 'built' }] });
});

test('a destroyed release goes, also when it is read-only, and is reported even without a folder', async () => {
  const url = node.releaseUrl('hello-web');
  want([url, 'destroyed']);
  await mkdir(path.join(folder(url), 'read-only'), { recursive: true });
  await writeFile(path.join(folder(url), 'read-only/file'), '');
  await (await import('node:fs/promises')).chmod(path.join(folder(url), 'read-only'), 0o500);
  expect(await run()).toMatchObject({ items: [{ action: 'destroy', outcome: 'removed' }] });
  expect(await readdir(node.softwareRoot)).toEqual([]);
  // In the words that scripts look for (spec: cli §3.2).
  expect(logger.messages('info').slice(1, -1)).toEqual([`Destroying '${url}' ...`, `Destroyed '${url}' .`]);
  await run();
  expect(callNames().filter((name) => name === 'reportSoftwareDestroyed')).toHaveLength(2);
});

test('garbage collection removes releases that nobody asks for, and nothing else', async () => {
  const [wanted, old] = [node.releaseUrl('hello-web'), 'https://example.org/old'];
  want([wanted, 'available']);
  await run();
  for (const name of [softwareReleaseHash(old), 'precious', 'f'.repeat(32)])
    await mkdir(path.join(node.softwareRoot, name));
  await writeFile(path.join(folder(old), 'buildout.cfg'), '[buildout]\n');
  const result = await run({ collectGarbage: true });
  expect(result.collected).toEqual([softwareReleaseHash(old)]);
  expect(logger.messages('info').slice(-3, -1)).toEqual([
    `Destroying garbage collected software folder ${folder(old)} ...`,
    `Destroyed ${folder(old)} .`,
  ]);
  expect((await readdir(node.softwareRoot)).sort()).toEqual(
    [softwareReleaseHash(wanted), 'f'.repeat(32), 'precious'].sort(),
  );
  await expect(run({ collectGarbage: true, onlySoftwareReleases: [wanted] })).rejects.toMatchObject({
    code: 'GRID_INVALID_OPTIONS',
  });
});

test.each<[string, () => Partial<SoftwarePassOptions>, () => string, string, RegExp]>([
  [
    'a profile that does not exist',
    () => ({}),
    () => path.join(node.releases, 'nope.cfg'),
    'GRID_SOFTWARE_NOT_FOUND',
    /nope\.cfg/,
  ],
  [
    'too little space',
    () => ({ minimumFreeBytes: 1n << 70n }),
    () => node.releaseUrl('hello-web'),
    'GRID_NOT_ENOUGH_SPACE',
    /software_min_free_space/,
  ],
  [
    'no buildout',
    () => ({ buildoutProgram: '/nonexistent/buildout' }),
    () => node.releaseUrl('hello-web'),
    'GRID_BUILDOUT_NOT_FOUND',
    /nonexistent/,
  ],
  [
    'a local path where it is not allowed',
    () => ({ allowLocalSoftware: false }),
    () => node.releaseUrl('hello-web'),
    'GRID_LOCAL_SOFTWARE_REFUSED',
    /software_allow_local|path of this machine/,
  ],
])('%s has one clear message, here and at the master', async (_name, options, url, code, message) => {
  want([url(), 'available']);
  const result = await run(options());
  expect(result.items[0]?.error).toMatchObject({ code });
  expect(result.items[0]?.error?.message).toMatch(message);
  expect(master.calls.at(-1)?.[0]).toBe('reportSoftwareError');
  expect(master.calls.at(-1)?.[2]).toContain(result.items[0]?.error?.message);
});

test('a missing root is named with its key', async () => {
  await expect(run({ softwareRoot: path.join(node.directory, 'nope') })).rejects.toMatchObject({
    code: 'GRID_FOLDER_MISSING',
    message: expect.stringMatching(/nope does not exist\.$/) as string,
    hint: expect.stringContaining('software_root') as string,
  });
});

test.runIf(isRoot)('nothing is built as root', async () => {
  const { chown } = await import('node:fs/promises');
  await chown(node.softwareRoot, 0, 0);
  want([node.releaseUrl('hello-web'), 'available']);
  const result = await run();
  expect(result.items[0]?.error).toMatchObject({
    code: 'GRID_REFUSED_OWNER',
    hint: expect.stringContaining('chown') as string,
  });
});
