import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { installedPackages } from './support/installed-packages.js';
import { type Outcome, ScratchNode } from './support/scratch-node.js';

let folder: string;

/** Where the packed packages are installed, as somebody else would. */
beforeAll(async () => {
  folder = await installedPackages();
});

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
