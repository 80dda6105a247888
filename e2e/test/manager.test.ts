import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Outcome, ScratchNode, WORKSPACE_ROOT } from './support/scratch-node.js';

let folder: string;

/** The packed packages, installed into a folder as somebody else would. */
beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'slapos-managers-')));
  await chmod(folder, 0o755);
  const tarballs = path.join(folder, 'tarballs');
  await mkdir(tarballs);
  for (const source of ['packages/host', 'packages/manager', 'examples/write-a-manager']) {
    const cwd = path.join(WORKSPACE_ROOT, source);
    await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', tarballs], { cwd });
  }
  const files = (await readdir(tarballs)).map((name) => path.join(tarballs, name));
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await execa('npm', ['install', '--prefix', folder, ...options, ...files], { cwd: folder });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function section(lines: string): string {
  return `manager_list = prerm slapos-manager-contact\nmanager_package_directory = ${folder}\n\n[manager:contact]\n${lines}`;
}

test('a manager of somebody else is installed from its package, and called for each partition', async () => {
  await using node = await ScratchNode.createReady({ slapos: section('address = root@example.org') });
  await node.expectSuccess('config', 'check');
  await node.expectSuccess('request', 'managed', await node.buildRelease());
  await node.expectSuccess('node', 'instance');
  expect(await readFile(node.at('inst/slappart0/.contact'), 'utf8')).toBe('root@example.org\n');
});

/** What `node format`, the first command that knows managers, says about a configuration. */
async function formatWith(slapos: string): Promise<Outcome> {
  await using node = await ScratchNode.create({ slapos });
  await node.startProxy();
  return await node.slapos('node', 'format', '--now');
}

test('a mistake in the section of a manager is found before anything is done', async () => {
  const { exitCode, stderr } = await formatWith(section('adress = root@example.org'));
  expect(exitCode).toBe(1);
  expect(stderr).toContain('[manager:contact] address: expected a mail address');
  expect(stderr).toContain('[manager:contact] adress: is not known');
});

test('a manager that is not there is named, with those that are', async () => {
  const { exitCode, stderr } = await formatWith('manager_list = prem');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('manager_list names "prem"');
  expect(stderr).toContain('Built in are prerm, cpuset');
});
