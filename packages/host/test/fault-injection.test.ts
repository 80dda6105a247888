import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { isSlapOSError, removeTree, UntrustedDirectory, writeFileIfDifferent } from '../src/index.js';
import { rounds, TORTURE_TIMEOUT_MS } from './support/torture.js';

const CODES = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'EINTR'] as const;
/** Every call of the system that the file functions make, but close: an error of close says nothing that fsync did not. */
const CALLS = [
  'openSync',
  'fstatSync',
  'lstatSync',
  'readSync',
  'writeSync',
  'fchmodSync',
  'renameSync',
  'mkdirSync',
  'symlinkSync',
  'readlinkSync',
  'readdirSync',
  'opendirSync',
  'unlinkSync',
  'rmdirSync',
] as const;

/** The full form tries every call, the short one a part of them, spread over all. */
const STEP = rounds(9, 1);
const REPEATS = rounds(1, 3);

let root: string;
let folder: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(tmpdir(), 'host-faults-'));
  folder = path.join(root, 'partition');
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(root, { recursive: true, force: true });
});

/** Everything that a pass does with files; it can be repeated from any state and ends in the same. */
async function pass(): Promise<void> {
  await using parent = await UntrustedDirectory.open(root);
  await using partition = await parent.openSubdirectory('partition', { create: true, mode: 0o750 });
  await partition.setOwnAttributes({ mode: 0o750 });
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const suffix = repeat === 0 ? '' : String(repeat);
    await partition.writeAtomic(`buildout.cfg${suffix}`, '[buildout]\n', { mode: 0o644 });
    await partition.writeAtomicIfDifferent(`.timestamp${suffix}`, '1700000000');
    await partition.symlink(`software_release${suffix}`, '/opt/slapgrid/abc');
    await using logs = await partition.openSubdirectory(`.slapgrid${suffix}`, { create: true });
    await logs.remove('instance.log');
    await logs.appendLine('instance.log', 'one line');
    await logs.rotate('instance.log', 1);
    await logs.writeAtomic('instance.log', 'new');
    await writeFileIfDifferent(path.join(root, `state.json${suffix}`), '{}', { mode: 0o600 });
    await using old = await partition.openSubdirectory(`old${suffix}`, { create: true });
    await old.writeAtomic('file', '');
    await removeTree(path.join(folder, `old${suffix}`));
    expect(await partition.readText(`.timestamp${suffix}`)).toBe('1700000000');
    expect(await partition.list()).toContain('buildout.cfg');
  }
}

function endState(): string[] {
  return fs
    .readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const stats = fs.lstatSync(path.join(root, name));
      const content = stats.isFile() ? fs.readFileSync(path.join(root, name), 'utf8') : '';
      return `${name} ${(stats.mode & 0o7777).toString(8)} ${content}`;
    });
}

/** Counts the calls that concern our folders, and lets the one with this number fail. */
function injectAt(
  failing: number,
  code: string,
): { readonly count: () => number; readonly failed: () => string | undefined } {
  let count = 0;
  let failed: string | undefined;
  const watch = (call: string, original: (...args: never[]) => unknown) =>
    function watched(this: unknown, ...args: never[]): unknown {
      // What we read about our own process to name temporary files is not the disk's business.
      if (/^\/proc\/(?!self\/fd\/)/.test(String(args[0]))) return Reflect.apply(original, this, args);
      count += 1;
      if (count !== failing) return Reflect.apply(original, this, args);
      failed = call;
      throw Object.assign(new Error(`${code}: injected, ${call}`), { code, syscall: call });
    };
  for (const call of CALLS) {
    const original: (...args: never[]) => unknown = fs[call];
    vi.spyOn(fs, call).mockImplementation(watch(call, original) as never);
  }
  const fsync = fs.fsync.bind(fs);
  vi.spyOn(fs, 'fsync').mockImplementation((descriptor: number, callback: (error: Error | null) => void) => {
    count += 1;
    if (count !== failing) {
      fsync(descriptor, callback);
      return;
    }
    failed = 'fsync';
    setImmediate(callback, Object.assign(new Error(`${code}: injected, fsync`), { code, syscall: 'fsync' }));
  });
  return { count: () => count, failed: () => failed };
}

test(
  'each call of the system fails once in each way: the error names the path, the next pass heals',
  async () => {
    await pass();
    const wanted = endState();
    const openBefore = fs.readdirSync('/proc/self/fd').length;
    fs.rmSync(folder, { recursive: true });
    fs.rmSync(path.join(root, 'state.json'));

    const counter = injectAt(0, '');
    await pass();
    const total = counter.count();
    vi.restoreAllMocks();
    // From nothing, and on top of what is there: other calls are made.
    let points = 0;
    for (const fresh of [true, false]) {
      for (const [index, code] of CODES.entries()) {
        for (let failing = 1 + (index % STEP); failing <= total; failing += STEP) {
          if (fresh) for (const name of fs.readdirSync(root)) fs.rmSync(path.join(root, name), { recursive: true });
          const injection = injectAt(failing, code);
          let thrown: Error | undefined;
          await pass().catch((error: unknown) => {
            thrown = error instanceof Error ? error : new Error('not an Error', { cause: error });
          });
          const failed = injection.failed();
          vi.restoreAllMocks();
          if (failed === undefined) continue; // a pass on top of what is there makes fewer calls
          points += 1;
          if (thrown !== undefined) {
            expect(isSlapOSError(thrown), `${code} at ${failed} ${String(failing)}: ${String(thrown)}`).toBe(true);
            expect(String(thrown), `${code} at ${failed} ${String(failing)}`).toContain(root);
          }
          await pass();
          expect(endState(), `${code} at ${failed} ${String(failing)}`).toEqual(wanted);
        }
      }
    }
    expect(points).toBeGreaterThan(rounds(100, 2500));
    expect(fs.readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(openBefore);
  },
  TORTURE_TIMEOUT_MS,
);
