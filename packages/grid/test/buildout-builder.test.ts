import { chown, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { createLinuxHost, type Host, silentLogger, type UserIdentity } from '@slapos/host';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createBuildoutBuilder } from '../src/buildout/buildout-builder.js';
import type { BuildSoftwareOptions } from '../src/buildout/builder.js';
import { isCompleteInstalledList } from '../src/buildout/installed-parts.js';
import { BuildError } from '../src/errors.js';
import { temporaryNode, type TemporaryNode } from './support/node.js';

let node: TemporaryNode;
let host: Host;
beforeEach(async () => {
  node = await temporaryNode();
  host = createLinuxHost();
});
afterEach(() => node[Symbol.asyncDispose]());

function builder(): ReturnType<typeof createBuildoutBuilder> {
  return createBuildoutBuilder({ commands: host.commands, logger: silentLogger });
}

async function softwareOptions(name: string): Promise<BuildSoftwareOptions & { lines: string[] }> {
  const directory = path.join(node.softwareRoot, name);
  await mkdir(directory, { mode: 0o755 });
  const user: UserIdentity | undefined = node.softwareUser;
  if (user !== undefined) await chown(directory, user.uid, user.gid);
  const lines: string[] = [];
  return {
    softwareReleaseUrl: node.releaseUrl(name),
    directory,
    user,
    sharedPartList: [],
    buildTimePartList: [],
    networkCache: {},
    newest: false,
    onLine: (line) => lines.push(line),
    lines,
  };
}

async function build(name: string): Promise<BuildSoftwareOptions & { lines: string[] }> {
  const options = await softwareOptions(name);
  await builder().prepareSoftware(options);
  await builder().buildSoftware(options);
  return options;
}

describe('a Software Release', () => {
  test('is built by the buildout of this machine, as the software user', async () => {
    const options = await build('hello-web');
    const script = await stat(path.join(options.directory, 'bin/buildout'));
    expect(script.uid).toBe(node.softwareUser?.uid ?? process.geteuid?.());
    expect(await readdir(options.directory)).toEqual(
      expect.arrayContaining(['instance.cfg', 'buildout.cfg', '.installed.cfg']),
    );
    expect(options.lines).toContain('Installing egg.');
    expect(await readdir(path.join(options.directory, 'bin'))).not.toContain('buildout-bootstrap-skipped');
  });

  test('is built again without a bootstrap, and with one after a build that failed', async () => {
    const options = await build('hello-web');
    const bin = path.join(options.directory, 'bin');
    const before = await stat(path.join(bin, 'buildout'));
    await builder().buildSoftware(options);
    expect((await stat(path.join(bin, 'buildout'))).mtimeMs).toBe(before.mtimeMs);

    await writeFile(path.join(bin, 'buildout'), '#!/bin/sh\nexit 7\n');
    await expect(builder().buildSoftware(options)).rejects.toBeInstanceOf(BuildError);
    expect(await readdir(bin)).toContain('buildout-bootstrap-skipped');
    await builder().buildSoftware(options);
    expect(await readdir(bin)).not.toContain('buildout-bootstrap-skipped');
  });

  test('is built after a kill that left the list of its parts cut off', async () => {
    const options = await build('hello-web');
    const list = path.join(options.directory, '.installed.cfg');
    const complete = await readFile(list, 'utf8');
    for (const share of [0, 0.3, 0.6, 0.9]) {
      await truncate(list, Math.floor(complete.length * share));
      await builder().buildSoftware(options);
      expect(isCompleteInstalledList(await readFile(list, 'utf8'))).toBe(true);
    }
    expect(await readdir(options.directory)).not.toContain('.installed.cfg.before');
  });

  test('loses what it no longer has, also when the uninstalling build was killed', async () => {
    const options = await build('hello-web');
    const list = path.join(options.directory, '.installed.cfg');
    const complete = await readFile(list, 'utf8');
    const leftover = path.join(options.directory, 'leftover');
    await writeFile(leftover, '');
    const recipe = /^recipe = .*$/m.exec(complete)?.[0] ?? '';
    const withGone = complete
      .replace(/^parts = .*$/m, '$& gone')
      .concat(`\n[gone]\n__buildout_installed__ = ${leftover}\n__buildout_signature__ = x\n${recipe}\n`);
    await writeFile(`${list}.before`, withGone);
    await truncate(list, 0);
    await builder().buildSoftware(options);
    expect(await readdir(options.directory)).not.toContain('leftover');
    expect(options.lines).toContain('Uninstalling gone.');
  });

  test('that fails tells the part, the last lines and the whole output', async () => {
    const options = await softwareOptions('broken-build');
    await builder().prepareSoftware(options);
    const error = await builder()
      .buildSoftware({ ...options, logPath: '/var/log/build.log' })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BuildError);
    const { failure, message, hint } = error as BuildError;
    expect(message).toBe(`Failed to run buildout profile in directory '${options.directory}'`);
    expect(failure.output).toContain('forty_two');
    expect(failure.part).toBe('program');
    expect(failure.excerpt.length).toBeLessThanOrEqual(20);
    expect(hint).toContain('/var/log/build.log');
  });

  test('does not begin without a buildout', async () => {
    const options = await softwareOptions('hello-web');
    await builder().prepareSoftware(options);
    await expect(
      builder().buildSoftware({ ...options, buildoutProgram: '/nonexistent/buildout' }),
    ).rejects.toMatchObject({
      code: 'GRID_BUILDOUT_NOT_FOUND',
      hint: expect.stringContaining('[slapos]') as string,
    });
  });
});

describe('a partition', () => {
  test('is instantiated by the release that was built by somebody else', async () => {
    const release = await build('hello-web');
    const directory = await node.addPartition('slappart0');
    const user = node.partitionUser('slappart0');
    const lines: string[] = [];
    await builder().instantiate({
      directory,
      releaseDirectory: release.directory,
      user,
      env: { SLAPGRID_INSTANCE_ROOT: node.instanceRoot },
      onLine: (line) => lines.push(line),
      profile: {
        computerId: 'COMP-0',
        partitionId: 'slappart0',
        masterUrl: 'none',
        softwareReleaseUrl: release.softwareReleaseUrl,
        keyFile: '',
        certificateFile: '',
        sharedPartList: [],
        buildTimePartList: [],
        requestedState: 'started',
        instanceStorageHome: '',
        ipv4GlobalNetwork: '',
      },
    });
    const profile = await stat(path.join(directory, 'buildout.cfg'));
    expect(profile.mode & 0o7777).toBe(0o640);
    expect((await stat(path.join(directory, 'etc/service/hello-server'))).uid).toBe(user?.uid ?? process.geteuid?.());
    expect(await readdir(path.join(directory, 'etc/promise'))).toEqual(['hello-web-answers']);
  });
});
