import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { Machine } from './support/partition.js';

const isRoot = process.geteuid?.() === 0;
const CONTRACT = pathToFileURL(path.resolve(import.meta.dirname, '../src/index.ts')).href;

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create();
});
afterEach(() => machine[Symbol.asyncDispose]());

/** A module below the machine's folder. */
async function module(file: string, source: string): Promise<string> {
  await mkdir(path.dirname(machine.at(file)), { recursive: true });
  await writeFile(machine.at(file), source);
  return machine.at(file);
}

const GREETER = `export default { contract: 1, name: 'greeter',
  create: (options, { logger }) => ({ async instance({ partitionId }) { logger.info('hello ' + partitionId); } }) };\n`;

describe('a manager', () => {
  test('can be an npm package, in the folder that is configured', async () => {
    await module(
      'node_modules/slapos-manager-greeter/package.json',
      JSON.stringify({
        name: 'slapos-manager-greeter',
        exports: { '.': { types: './x.d.ts', import: './lib/main.mjs' } },
      }),
    );
    await module('node_modules/slapos-manager-greeter/lib/main.mjs', GREETER);
    const managers = await machine.load(['prerm', 'slapos-manager-greeter'], {
      packageDirectories: [machine.directory],
    });
    expect(managers.names).toEqual(['prerm', 'greeter']);
    await managers.run('instance', await machine.partition('slappart0'));
    expect(machine.logger.records.map(({ message }) => message)).toContain('hello slappart0');
  });

  test('can be the absolute path of a module', async () => {
    expect((await machine.load([await module('greeter.mjs', GREETER)])).names).toEqual(['greeter']);
  });

  test.each([
    ['is not there', 'slapos-manager-nowhere', 'MANAGER_NOT_FOUND', 'no package of that name is installed in'],
    ['is a relative path', './greeter.mjs', 'MANAGER_NOT_FOUND', 'neither a built-in one, nor a package'],
    ['climbs', '../../etc/passwd', 'MANAGER_NOT_FOUND', 'neither a built-in one, nor a package'],
    ['is a path to nothing', '/nowhere/x.mjs', 'MANAGER_NOT_FOUND', 'there is no /nowhere/x.mjs'],
  ])('that %s is refused', async (_, name, code, message) => {
    await expect(machine.load([name], { packageDirectories: [machine.directory] })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  test.each([
    ['throws', 'throw new Error("no luck")', 'MANAGER_INVALID', 'no luck'],
    ['is no JavaScript', '((', 'MANAGER_INVALID', 'cannot be loaded'],
    ['exports nothing', 'export const a = 1', 'MANAGER_INVALID', 'no definition'],
    ['is for another contract', 'export default { contract: 2, name: "x" }', 'MANAGER_WRONG_CONTRACT', 'version 2'],
    ['has a strange name', 'export default { contract: 1, name: "a/b", create() {} }', 'MANAGER_INVALID', '"a/b"'],
    ['cannot be made', 'export default { contract: 1, name: "x" }', 'MANAGER_INVALID', 'no function create'],
    ['makes nothing', 'export default { contract: 1, name: "x", create() {} }', 'MANAGER_INVALID', 'gives no manager'],
    [
      'has a hook that is none',
      'export default { contract: 1, name: "x", create: () => ({ report: 1 }) }',
      'MANAGER_INVALID',
      'report of the manager',
    ],
  ])('whose module %s is refused', async (what, source, code, message) => {
    const file = await module(`${what.replaceAll(' ', '-')}.mjs`, source);
    await expect(machine.load([file])).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  test('gets its own options, checked', async () => {
    const sections = new Map([['portredir', { 'allowed-privileged-ports': '80, x' }]]);
    await expect(machine.load(['portredir'], { sections })).rejects.toMatchObject({
      code: 'MANAGER_INVALID_OPTIONS',
      message: expect.stringContaining('[manager:portredir] allowed-privileged-ports') as string,
    });
    await expect(
      machine.load(['whitelistfirewall'], { sections: new Map([['whitelistfirewall', { color: 'red' }]]) }),
    ).rejects.toMatchObject({ message: '[manager:whitelistfirewall] color: this manager has no options' });
    await expect(
      machine.load(['devperm'], { sections: new Map([['devperm', { 'allowed-disks-for-vm': '' }]]) }),
    ).rejects.toMatchObject({ message: expect.stringContaining('allowed-disks-for-vm') as string });
  });

  test('is named once', async () => {
    await expect(machine.load(['prerm', 'prerm'])).rejects.toMatchObject({ code: 'MANAGER_INVALID' });
  });

  test.runIf(isRoot)('that somebody else can change is not run as root', async () => {
    const file = await module('greeter.mjs', GREETER);
    await chmod(file, 0o666);
    await expect(machine.load([file])).rejects.toMatchObject({ code: 'MANAGER_REFUSED' });
    await chmod(file, 0o644);
    await chown(machine.directory, 65_534, 65_534);
    await expect(machine.load([file])).rejects.toMatchObject({ code: 'MANAGER_REFUSED' });
  });

  test('that throws makes those behind it not be called, and says which it was', async () => {
    const source = (name: string, body: string): string =>
      `import { defineManager } from '${CONTRACT}'; export default defineManager({ name: '${name}', create: (o, { logger }) => ({ async instance() { ${body} } }) });\n`;
    const managers = await machine.load([
      await module('first.mjs', source('first', "logger.info('first')")),
      await module('second.mjs', source('second', "throw new Error('out of luck')")),
      await module('third.mjs', source('third', "logger.info('third')")),
    ]);
    await expect(managers.run('instance', await machine.partition('slappart0'))).rejects.toMatchObject({
      code: 'MANAGER_FAILED',
      message: 'The manager second failed (instance): out of luck',
    });
    expect(machine.logger.records.map(({ message }) => message)).toEqual(['first']);
    expect(managers.has('report')).toBe(false);
  });
});
