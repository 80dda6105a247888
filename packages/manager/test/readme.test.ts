import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { importReadmeExamples } from '../../../config/readme.js';
import { loadManagers } from '../src/index.js';
import { Machine } from './support/partition.js';

test('the example of the README is a manager', async () => {
  const [example] = await importReadmeExamples(path.resolve(import.meta.dirname, '..'));
  expect(example?.['default']).toMatchObject({ contract: 1, name: 'contact' });
  await using machine = await Machine.create();
  const file = path.resolve(import.meta.dirname, '../test-results/readme/example-0.ts');
  // As root nobody else may be able to change it, which is up to where this clone lies.
  const managers = await loadManagers(
    {
      names: [file],
      sections: new Map([['contact', { address: 'root@example.org' }]]),
      packageDirectories: [],
      stateDirectory: machine.at('managers'),
      powerUsers: [],
    },
    { host: { ...machine.host, isRoot: false }, logger: machine.logger },
  );
  await managers.run('instance', await machine.partition('slappart0'));
  expect(await readFile(machine.at('slappart0/.contact'), 'utf8')).toBe('root@example.org\n');
});
