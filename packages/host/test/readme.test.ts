import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from 'vitest';

import { importReadmeExamples } from '../../../config/readme.js';
import { LinuxUserDatabase, type UserIdentity } from '../src/index.js';

test('the example notes a listing', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'host-readme-'));
  try {
    const user = process.getuid?.() === 0 ? await new LinuxUserDatabase().byName('nobody') : undefined;
    if (user !== undefined) await chown(folder, user.uid, user.gid);
    await writeFile(path.join(folder, 'one'), '');
    const [example] = await importReadmeExamples(path.resolve(import.meta.dirname, '..'));
    const noteListing = example?.['noteListing'] as (
      folder: string,
      user?: UserIdentity,
    ) => Promise<string | undefined>;
    expect(await noteListing(folder, user)).toBe('one\n');
    expect(await noteListing(folder, user)).toBe('listing.txt\none\n');
  } finally {
    await rm(folder, { recursive: true });
  }
});
