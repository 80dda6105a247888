import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { LinuxUserDatabase, type UserIdentity } from '@slapos/host';
import { expect, test } from 'vitest';

import { importReadmeExamples } from '../../../config/readme.js';

type CheckPartition = (partitionPath: string, user?: UserIdentity) => Promise<string>;

test('the example checks a partition', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'promise-readme-'));
  // As root the partition must belong to somebody else.
  const user = process.getuid?.() === 0 ? await new LinuxUserDatabase().byName('nobody') : undefined;
  const give = (): Buffer | undefined =>
    user === undefined ? undefined : execFileSync('chown', ['-R', `${String(user.uid)}:${String(user.gid)}`, folder]);
  try {
    const [example] = await importReadmeExamples(path.resolve(import.meta.dirname, '..'));
    const checkPartition = example?.['checkPartition'] as CheckPartition;
    await mkdir(path.join(folder, 'etc', 'promise'), { recursive: true });
    const promise = path.join(folder, 'etc', 'promise', 'answers');
    await writeFile(promise, '#!/bin/sh\n');
    await chmod(promise, 0o755);
    give();
    expect(await checkPartition(folder, user)).toBe('1 promises passed');
    await writeFile(promise, '#!/bin/sh\necho "no answer"\nexit 1\n');
    give();
    expect(await checkPartition(folder, user)).toBe("Promise 'answers' failed with output: no answer");
  } finally {
    await rm(folder, { recursive: true });
  }
});
