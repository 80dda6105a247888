import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { descriptorPath } from './descriptor.js';
import { removeTree } from './trusted-files.js';

let root: string;
const at = (...names: string[]): string => path.join(root, ...names);

beforeEach(() => {
  root = fs.mkdtempSync(path.join(tmpdir(), 'host-remove-'));
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

test('removes files, links, folders without modes, and names with newlines or bad UTF-8', async () => {
  fs.mkdirSync(at('tree', 'locked', 'deep'), { recursive: true });
  fs.writeFileSync(at('tree', 'locked', 'deep', 'new\nline'), '');
  fs.writeFileSync(Buffer.concat([Buffer.from(`${at('tree')}/`), Buffer.from([0xff, 0xfe])]), '');
  fs.writeFileSync(at('canary'), '');
  fs.symlinkSync(at('canary'), at('tree', 'link'));
  fs.symlinkSync(root, at('tree', 'up'));
  fs.chmodSync(at('tree', 'locked', 'deep'), 0);
  fs.chmodSync(at('tree', 'locked'), 0);
  fs.chmodSync(at('tree'), 0o500);
  expect(await removeTree(at('tree'))).toEqual({ removed: 7, finished: true });
  expect(fs.readdirSync(root)).toEqual(['canary']);
});

test('an absent tree is fine', async () => {
  expect(await removeTree(at('absent'))).toEqual({ removed: 0, finished: true });
  expect(await removeTree(at('absent', 'below'))).toEqual({ removed: 0, finished: true });
});

test('a tree deeper than the descriptors of a process', async () => {
  fs.mkdirSync(at('deep'));
  let descriptor = fs.openSync(at('deep'), fs.constants.O_DIRECTORY);
  const depth = 3000;
  for (let level = 0; level < depth; level += 1) {
    fs.mkdirSync(`${descriptorPath(descriptor)}/d`);
    const next = fs.openSync(`${descriptorPath(descriptor)}/d`, fs.constants.O_DIRECTORY);
    fs.closeSync(descriptor);
    descriptor = next;
  }
  fs.closeSync(descriptor);
  expect(await removeTree(at('deep'))).toEqual({ removed: depth + 1, finished: true });
  expect(fs.readdirSync(root)).toEqual([]);
});

test('the work of one call can be bounded, and goes on at the next', async () => {
  fs.mkdirSync(at('big'));
  for (let index = 0; index < 1000; index += 1) fs.writeFileSync(at('big', String(index)), '');
  const progress: number[] = [];
  expect(await removeTree(at('big'), { maxEntries: 600, onProgress: (removed) => progress.push(removed) })).toEqual({
    removed: 600,
    finished: false,
  });
  expect(fs.readdirSync(at('big'))).toHaveLength(400);
  expect(progress.length).toBeGreaterThan(1);
  expect(await removeTree(at('big'), { maxEntries: 600 })).toEqual({ removed: 401, finished: true });
});

test('can be aborted', async () => {
  fs.mkdirSync(at('big'));
  for (let index = 0; index < 1000; index += 1) fs.writeFileSync(at('big', String(index)), '');
  const controller = new AbortController();
  const removal = removeTree(at('big'), { signal: controller.signal, onProgress: () => controller.abort() });
  await expect(removal).rejects.toThrow(/abort/);
  expect(fs.existsSync(at('big'))).toBe(true);
});
