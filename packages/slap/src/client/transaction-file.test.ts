import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { silentLogger } from '../logger.js';
import { isPlainPartitionId, TransactionFile } from './transaction-file.js';

let root = '';
const file = () => join(root, 'slappart0', '.slapos-request-transaction-slappart0');
const noteTwo = () => {
  const transaction = new TransactionFile(root, 'slappart0', silentLogger);
  transaction.create();
  transaction.append('one');
  transaction.append('two');
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slap-transaction-'));
  await mkdir(join(root, 'slappart0'));
});
afterEach(() => rm(root, { recursive: true }));

describe('the file of requested instances', () => {
  test('is made, grows by one line for each name, and is not emptied by the next process', async () => {
    noteTwo();
    noteTwo();
    expect(await readFile(file(), 'utf8')).toBe('one\ntwo\none\ntwo\n');
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  test('is left alone when the partition has no folder', () => {
    expect(() => new TransactionFile(root, 'slappart9', silentLogger).append('one')).not.toThrow();
  });

  test('never leads elsewhere: a link', async () => {
    const canary = join(root, 'canary');
    await writeFile(canary, 'alive');
    await symlink(canary, file());
    noteTwo();
    expect(await readFile(canary, 'utf8')).toBe('alive');
  });

  test('never leads elsewhere: a second name of another file', async () => {
    const canary = join(root, 'canary');
    await writeFile(canary, 'alive');
    await link(canary, file());
    noteTwo();
    expect(await readFile(canary, 'utf8')).toBe('alive');
  });

  test('never waits: a pipe that nobody reads, a folder', async () => {
    execFileSync('mkfifo', [file()]);
    noteTwo();
    await rm(file());
    await mkdir(file());
    noteTwo();
  });

  test('refuses a name that would read as two', () => {
    expect(() => new TransactionFile(root, 'slappart0', silentLogger).append('a\nb')).toThrow(/one line/);
  });
});

test.each(['..', '.', '', 'a/b', '/etc', 'a\0b', '../x', '.hidden', 'é'])('%j is no plain partition id', (id) => {
  expect(isPlainPartitionId(id)).toBe(false);
});
