import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { RecordingLogger } from '../log/recording-logger.js';
import { acquireLock } from './linux-lock.js';

let root: string;
let file: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  root = fs.mkdtempSync(path.join(tmpdir(), 'host-lock-'));
  file = path.join(root, 'slapgrid-cp.pid');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  fs.rmSync(root, { recursive: true, force: true });
});

/** A process that only writes its pid, like the Python agent. */
async function pythonAgent(argv: readonly string[], keepOpen = false): Promise<number> {
  const script = path.join(root, argv[0] ?? '');
  // Open before it says that it is ready.
  const open = keepOpen ? `exec 9>>"${file}"\n` : '';
  fs.writeFileSync(script, `#!/bin/sh\n${open}echo ready\nsleep 1000 & wait\n`, { mode: 0o755 });
  const child = spawn(script, argv.slice(1), { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child.pid ?? 0;
}

test('the file has the pid without a newline, and goes with the lock', async () => {
  {
    await using lock = await acquireLock(file);
    expect(lock.path).toBe(file);
    expect(fs.readFileSync(file, 'latin1')).toBe(String(process.pid));
    expect(fs.statSync(file).mode & 0o777).toBe(0o644);
  }
  expect(fs.existsSync(file)).toBe(false);
});

test('a second one is refused with the pid, and works afterwards', async () => {
  const lock = await acquireLock(file);
  await expect(acquireLock(file)).rejects.toMatchObject({
    code: 'HOST_LOCKED',
    retryable: true,
  });
  await expect(acquireLock(file)).rejects.toThrow(`the process ${String(process.pid)}`);
  expect(fs.readFileSync(file, 'latin1')).toBe(String(process.pid));
  await lock.release();
  await lock.release();
  await using again = await acquireLock(file);
  expect(again.path).toBe(file);
});

test.each([
  ['dead', '4194303999'],
  ['garbage', 'garbage\n'],
  ['empty', ''],
  ['recycled', String(process.ppid)],
  ['recycled into ourselves', String(process.pid)],
])('a stale file is taken over: %s', async (_, content) => {
  fs.writeFileSync(file, content);
  const logger = new RecordingLogger();
  await using lock = await acquireLock(file, { logger });
  expect(fs.readFileSync(lock.path, 'latin1')).toBe(String(process.pid));
  // Where a pid stood; in the words that people look for (spec: cli §3.1).
  const said = /^\d+$/.test(content) ? [`Existing pid file '${file}' was stale, overwritten`] : [];
  expect(logger.messages('info')).toEqual(said);
});

test('a live Python agent holds it: by its argv', async () => {
  const pid = await pythonAgent(['slapos', 'node', 'instance']);
  fs.writeFileSync(file, String(pid));
  await expect(acquireLock(file)).rejects.toMatchObject({ code: 'HOST_LOCKED' });
  expect(fs.readFileSync(file, 'latin1')).toBe(String(pid));
});

test('a live Python agent holds it: by having the file open', async () => {
  const pid = await pythonAgent(['something-else'], true);
  fs.writeFileSync(file, String(pid));
  await expect(acquireLock(file)).rejects.toMatchObject({ code: 'HOST_LOCKED' });
});

test('an editor with slapos.cfg does not', async () => {
  fs.writeFileSync(file, String(await pythonAgent(['editor', '/etc/opt/slapos/slapos.cfg', 'slapos'])));
  await using lock = await acquireLock(file);
  expect(lock.path).toBe(file);
});

test('a link, a hard link, a folder and a FIFO are refused and left alone', async () => {
  const target = path.join(root, 'target');
  fs.writeFileSync(target, 'alive');
  fs.symlinkSync(target, file);
  await expect(acquireLock(file)).rejects.toMatchObject({ code: 'HOST_LOCK_FAILED' });
  fs.rmSync(file);
  fs.linkSync(target, file);
  await expect(acquireLock(file)).rejects.toMatchObject({ code: 'HOST_LOCK_FAILED' });
  fs.rmSync(file);
  fs.mkdirSync(file);
  await expect(acquireLock(file)).rejects.toMatchObject({ code: 'HOST_LOCK_FAILED' });
  expect(fs.readFileSync(target, 'utf8')).toBe('alive');
});

test('a folder that others can write, or that does not exist, is refused', async () => {
  fs.chmodSync(root, 0o777);
  await expect(acquireLock(file)).rejects.toThrow('writable by others');
  fs.chmodSync(root, 0o1777);
  await (await acquireLock(file)).release();
  await expect(acquireLock(path.join(root, 'absent', 'x.pid'))).rejects.toThrow('ENOENT');
});

test('releasing leaves a file alone that somebody put in its place', async () => {
  const lock = await acquireLock(file);
  fs.rmSync(file);
  fs.writeFileSync(file, 'other');
  await lock.release();
  expect(fs.readFileSync(file, 'latin1')).toBe('other');
});

test('a full disk is told with the name of the file, and nothing stays locked', async () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const write = vi.spyOn(fs, 'writeSync').mockImplementationOnce(() => {
    throw full;
  });
  await expect(acquireLock(file)).rejects.toMatchObject({
    code: 'HOST_FILE_FAILED',
    message: expect.stringContaining(file) as string,
  });
  write.mockRestore();
  expect(fs.existsSync(file)).toBe(false);
  await (await acquireLock(file)).release();
});
