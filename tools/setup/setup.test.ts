import { mkdtempSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { explainNodeVersion } from './node-version.mjs';
import { isInstalled } from './npm-packages.mjs';
import { CommandFailedError, runWithProgress } from './progress.mjs';
import { explainMissing, findMissing } from './requirements.mjs';

describe('explainNodeVersion', () => {
  test.each(['20.19.0', '20.20.2', '22.0.0', '24.11.1', '100.0.0'])('%s is new enough', (version) => {
    expect(explainNodeVersion(version)).toBeUndefined();
  });
  test.each(['20.18.3', '18.20.0', '6.0.0'])('%s is too old, and the remedy is named', (version) => {
    expect(explainNodeVersion(version)).toMatch(/needs 20\.19 or newer.*\nInstall a newer one/);
  });
});

describe('what is missing', () => {
  const present = { debianPackage: 'present', why: 'for one thing', isUsable: async () => true };
  const absent = { debianPackage: 'absent', why: 'for another', isUsable: async () => false };

  test('is found by trying', async () => {
    await expect(findMissing([present, absent])).resolves.toEqual([absent]);
  });

  test('is told with the reason and one line to type', () => {
    expect(explainMissing([absent, present])).toContain('  absent – for another\n  present – for one thing\n');
    expect(explainMissing([absent, present])).toMatch(/sudo apt-get install --no-install-recommends absent present$/);
  });
});

describe('isInstalled', () => {
  let folder: string;
  const setTime = (file: string, seconds: number) => utimesSync(join(folder, file), seconds, seconds);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'setup-test-'));
    writeFileSync(join(folder, 'package-lock.json'), '{}');
    setTime('package-lock.json', 2_000);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function installAt(seconds: number) {
    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), '{}');
    setTime('node_modules/.package-lock.json', seconds);
  }

  test('no without node_modules', () => expect(isInstalled(folder)).toBe(false));

  test('yes when npm ran after the lock file changed', () => {
    installAt(3_000);
    expect(isInstalled(folder)).toBe(true);
  });

  test('no when the lock file changed afterwards', () => {
    installAt(1_000);
    expect(isInstalled(folder)).toBe(false);
  });

  test('yes when only the time of the lock file changed', () => {
    installAt(1_000);
    const hashOfTheLockFile = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
    writeFileSync(join(folder, 'node_modules/.slapos-setup'), hashOfTheLockFile);
    expect(isInstalled(folder)).toBe(true);
  });
});

describe('runWithProgress', () => {
  function recorder() {
    const stream = new PassThrough();
    return { out: stream as unknown as NodeJS.WriteStream, text: () => String(stream.read() ?? '') };
  }

  test('is quiet about what succeeds', async () => {
    const { out, text } = recorder();
    await expect(runWithProgress('Greeting', 'sh', ['-c', 'echo hello'], { out })).resolves.toBe('hello\n');
    expect(text()).toMatch(/^Greeting …\n {2}done in \d+ s\n$/);
  });

  test('shows the output of what fails', async () => {
    const { out, text } = recorder();
    const run = runWithProgress('Failing', 'sh', ['-c', 'echo because >&2; exit 3'], { out });
    await expect(run).rejects.toMatchObject({ exitCode: 3 });
    expect(text()).toContain('  because\n');
  });

  test('names a program that does not exist', async () => {
    const run = runWithProgress('Trying', 'no-such-program', [], { out: recorder().out });
    await expect(run).rejects.toThrow(CommandFailedError);
    await expect(run).rejects.toThrow('Could not run no-such-program');
  });
});
