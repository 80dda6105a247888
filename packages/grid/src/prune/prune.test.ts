import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { RecordingLogger } from '@slapos/host/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { findUnusedParts, type PruneOptions, pruneSharedParts } from './prune.js';

let directory: string;
beforeEach(async () => {
  directory = await realpath(await mkdtemp(path.join(os.tmpdir(), 'prune-')));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const HASH = { a: 'a'.repeat(32), b: 'b'.repeat(32), c: 'c'.repeat(32), d: 'd'.repeat(32) };

async function put(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(path.join(directory, file)), { recursive: true });
  await writeFile(path.join(directory, file), text);
}

function options(more: Partial<PruneOptions> = {}): PruneOptions {
  return {
    softwareRoot: path.join(directory, 'soft'),
    instanceRoot: path.join(directory, 'inst'),
    sharedPartList: ['/elsewhere', path.join(directory, 'shared')],
    readNestedNode: (text) =>
      text.startsWith('{') ? (JSON.parse(text) as ReturnType<PruneOptions['readNestedNode']>) : undefined,
    ...more,
  };
}

/** zlib is used by the release; openssl by zlib's signature; curl uses ssh, and nobody uses curl. */
async function fill(): Promise<void> {
  await put(`soft/${'0'.repeat(32)}/.installed.cfg`, `[zlib]\nlocation = /shared/zlib/${HASH.a}\n`);
  await put(`shared/zlib/${HASH.a}/.buildout-shared.json`, `{"openssl": "/shared/openssl/${HASH.b}"}`);
  await put(`shared/openssl/${HASH.b}/lib`, 'x');
  await put(`shared/curl/${HASH.c}/.buildout-shared.signature`, `needs /shared/ssh/${HASH.d}`);
  await put(`shared/ssh/${HASH.d}/bin/ssh`, 'x');
  await mkdir(path.join(directory, 'inst'));
}

test('removes chains of unused parts in one run, and the dry run says the same', async () => {
  await fill();
  const logger = new RecordingLogger();
  const planned = await pruneSharedParts(options({ dryRun: true }), { logger });
  const paths = [`curl/${HASH.c}`, `ssh/${HASH.d}`].map((name) => path.join(directory, 'shared', name));
  expect(planned.removed).toEqual(paths);
  expect(await readdir(path.join(directory, 'shared/ssh'))).toEqual([HASH.d]);
  expect((await pruneSharedParts(options(), { logger })).removed).toEqual(paths);
  expect(logger.records.filter((record) => record.level === 'warn').map((record) => record.message)).toEqual([
    `Pruning shared directories at ${path.join(directory, 'shared')}`,
    ...paths.map((name) => `Unused shared parts at ${name}`),
    `Pruning shared directories at ${path.join(directory, 'shared')}`,
    ...paths.map((name) => `Unused shared parts at ${name} ... removed`),
  ]);
  expect(await readdir(path.join(directory, 'shared/ssh'))).toEqual([]);
  expect(await readdir(path.join(directory, 'shared/zlib'))).toEqual([HASH.a]);
});

test('a script of a release, and a node in a partition, keep what they name', async () => {
  await fill();
  await put(`more/${'1'.repeat(32)}/bin/curl`, `exec /shared/curl/${HASH.c}/bin/curl`);
  expect(
    (
      await pruneSharedParts(options({ additionalSoftwareDirectories: [path.join(directory, 'more')] }), {
        logger: new RecordingLogger(),
      })
    ).removed,
  ).toEqual([]);

  await rm(path.join(directory, 'more'), { recursive: true });
  const logger = new RecordingLogger();
  await pruneSharedParts(options({ dryRun: true, additionalSoftwareDirectories: [path.join(directory, 'more')] }), {
    logger,
  });
  expect(logger.records.map(({ message }) => message)).toContain(
    `Additional software directory does not exist: ${path.join(directory, 'more')}`,
  );
  const nested = path.join(directory, 'inst/slappart0/srv');
  await put(
    'inst/slappart0/etc/slapos.cfg',
    JSON.stringify({ softwareRoot: `${nested}/soft`, instanceRoot: `${nested}/inst`, sharedPartList: [] }),
  );
  await put(`inst/slappart0/srv/soft/${'2'.repeat(32)}/.installed.cfg`, HASH.d);
  await put('inst/slappart0/srv/inst/x', '');
  expect((await pruneSharedParts(options(), { logger: new RecordingLogger() })).removed).toEqual([
    path.join(directory, 'shared/curl', HASH.c),
  ]);
});

test('on the word of a tenant nothing outside the instance root is read', async () => {
  await fill();
  await put('outside/x/.installed.cfg', HASH.c);
  await put(
    'inst/slappart0/slapos.cfg',
    JSON.stringify({ softwareRoot: path.join(directory, 'outside'), instanceRoot: '/', sharedPartList: ['/'] }),
  );
  expect((await pruneSharedParts(options({ dryRun: true }), { logger: new RecordingLogger() })).removed).toHaveLength(
    2,
  );
});

test('needs a shared folder', async () => {
  await expect(
    pruneSharedParts(options({ sharedPartList: [] }), { logger: new RecordingLogger() }),
  ).rejects.toMatchObject({
    code: 'GRID_INVALID_OPTIONS',
  });
});

test('two parts that use each other stay, as the original keeps them', () => {
  const parts = [
    { path: '/a', hash: 'hash-a' },
    { path: '/b', hash: 'hash-b' },
  ];
  expect(
    findUnusedParts(
      parts,
      [],
      new Map([
        ['/a', ['hash-b']],
        ['/b', ['hash-a']],
      ]),
    ),
  ).toEqual([]);
  expect(
    findUnusedParts(
      parts,
      [],
      new Map([
        ['/a', ['hash-a']],
        ['/b', ['hash-a']],
      ]),
    ),
  ).toEqual(['/b', '/a']);
});
