import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { loadManagers, type ManagerSet } from '../src/index.js';
import { Machine } from './support/partition.js';

const GUIDE = path.resolve(import.meta.dirname, '../../../docs/managers.md');
const EXAMPLE = /^```js (\S+\.mjs)\n([\s\S]*?)^```$/gm;
/** Inside the package, because imports are resolved from where the file lies; ignored by git. */
const FOLDER = path.resolve(import.meta.dirname, '../test-results/guide');

async function loadGuide(machine: Machine, sections: Record<string, Record<string, string>>): Promise<ManagerSet> {
  await mkdir(FOLDER, { recursive: true });
  const names: string[] = [];
  for (const [, name = '', code = ''] of (await readFile(GUIDE, 'utf8')).matchAll(EXAMPLE)) {
    names.push(path.join(FOLDER, name));
    await writeFile(path.join(FOLDER, name), code);
  }
  return loadManagers(
    {
      names,
      sections: new Map(Object.entries(sections)),
      packageDirectories: [],
      stateDirectory: machine.at('managers'),
      powerUsers: [],
    },
    // As root nobody else may be able to change the files, which is up to where this clone lies.
    { host: { ...machine.host, isRoot: false }, logger: machine.logger },
  );
}

test('the managers of the guide do what it says', async () => {
  await using machine = await Machine.create();
  const managers = await loadGuide(machine, { number: { highest: '7' } });
  expect(managers.names).toEqual(['greeting', 'number', 'echo']);
  const [first, second] = [await machine.partition('slappart0'), await machine.partition('slappart1')];
  await writeFile(machine.at('slappart0/.number-request'), '[100, 5]');
  await writeFile(machine.at('slappart1/.number-request'), '[5, "6"]');
  for (const hook of ['instance', 'instanceTearDown'] as const) {
    await managers.run(hook, first);
    await managers.run(hook, second);
  }
  expect(await readFile(machine.at('slappart0/.greeting'), 'utf8')).toBe('hello slappart0\n');
  expect(await readFile(machine.at('slappart0/.number'), 'utf8')).toBe('5\n');
  expect(machine.warnings()).toEqual(['None of the numbers can be had']);
  expect(machine.started).toEqual(['slappart0-echo:echo', 'slappart1-echo:echo']);

  await managers.run('report', { ...first, requestedState: 'destroyed' });
  await managers.run('instance', second);
  expect(await readFile(machine.at('slappart1/.number'), 'utf8')).toBe('5\n');
  expect([...machine.groups.keys()]).toEqual(['slappart1-echo']);
});

test('a mistake in a section of the guide’s managers names the key', async () => {
  await using machine = await Machine.create();
  await expect(loadGuide(machine, { number: { hihgest: '7' } })).rejects.toThrow(
    '[manager:number] hihgest: is not known',
  );
  await expect(loadGuide(machine, { greeting: { loud: '1' } })).rejects.toThrow('this manager has no options');
});
