import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { isProcessAlive } from '@slapos/host';
import { ManualClock } from '@slapos/host/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';

import { promiseFailureText, runPromises, type PromiseReport } from '../src/index.js';
import { FIXTURES, TestPartition } from './support.js';

const partition = new TestPartition('exec');
afterAll(() => partition[Symbol.asyncDispose]());
beforeEach(() => partition.reset());
afterEach(() => partition.clear());

const run = (...args: Parameters<TestPartition['run']>): Promise<PromiseReport> => partition.run(...args);
const addPromise = (name: string, script: string): void => partition.add('promise', name, script);

describe('the recorded executables, as the Python node leaves them', () => {
  test('after a test pass, and after three anomaly passes more', async () => {
    const folder = path.join(FIXTURES, 'executables');
    for (const name of fs.readdirSync(folder)) {
      const mode = name === 'not-executable' ? 0o644 : 0o755;
      partition.add('promise', name, fs.readFileSync(path.join(folder, name), 'utf8'), mode);
    }
    const names = /^(?!py_)/;
    const wanted = (stage: string) => partition.masked(path.join(FIXTURES, 'results', stage), names);
    const report = await run({ timeoutSeconds: 2 });
    expect(partition.masked(partition.state(), names)).toEqual(wanted('after-test'));
    expect(report.results.map((result) => result.name)).toHaveLength(8);
    expect(report.firstFailure?.name).toBe('bad-format');
    for (let pass = 0; pass < 3; pass += 1) await run({ timeoutSeconds: 2, checkAnomaly: true });
    expect(partition.masked(partition.state(), names)).toEqual(wanted('after-anomaly'));
    expect(partition.logger.messages('warn')).toContain('Not an executable file: skipped');
    // Executables never bang.
    expect(partition.bangs).toEqual([]);
  }, 60_000);
});

describe('a promise', () => {
  test('runs in the partition, as its user, with a clean environment', async () => {
    addPromise('check', '#!/bin/sh\npwd; id -u; env | sort | cut -d= -f1 | tr "\\n" " "\n');
    const { results } = await run();
    const [cwd, uid, names] = results[0]?.message.split('\n') ?? [];
    expect(cwd).toBe(partition.path);
    expect(uid).toBe(String(partition.user?.uid ?? process.getuid?.()));
    expect(names?.trim().split(' ')).toEqual([
      'HOME',
      'LANG',
      'LOGNAME',
      'PATH',
      'PWD',
      'PYTHONNOUSERSITE',
      'SHELL',
      'USER',
    ]);
  });

  test('that failed is reported, and the others run', async () => {
    addPromise('a-bad', '#!/bin/sh\necho "port 80: refused"; exit 1\n');
    addPromise('b-good', '#!/bin/sh\necho fine\n');
    const report = await run();
    expect(report.results.map((result) => [result.name, result.failed])).toEqual([
      ['a-bad', true],
      ['b-good', false],
    ]);
    expect(report.firstFailure).toEqual({ name: 'a-bad', message: 'port 80: refused' });
    expect(promiseFailureText(report.firstFailure!)).toBe("Promise 'a-bad' failed with output: port 80: refused");
  });

  test('that takes too long is killed with its children', async () => {
    addPromise('slow', '#!/bin/sh\ntrap "" TERM\n(trap "" TERM; sleep 1003) &\necho $! > child\nsleep 1004\n');
    const { firstFailure } = await run({ timeoutSeconds: 1 });
    expect(firstFailure).toEqual({ name: 'slow', message: 'Error: Promise timed out after 1 seconds' });
    const child = Number(fs.readFileSync(path.join(partition.path, 'child'), 'utf8'));
    await expect.poll(() => isProcessAlive(child)).toBe(false);
  });

  test('gone since the last pass leaves no result', async () => {
    addPromise('one', '#!/bin/sh\n');
    addPromise('two', '#!/bin/sh\n');
    await run();
    fs.rmSync(path.join(partition.path, 'etc', 'promise', 'two'));
    await run();
    expect(fs.readdirSync(partition.state('result'))).toEqual(['one.status.json']);
  });

  test('with bad bytes, NUL and other line ends has a message all the same', async () => {
    addPromise('bytes', `#!/bin/sh\nprintf 'a\\r\\nb\\rc\\000\\377'\n`);
    expect((await run()).results[0]?.message).toBe('a\nb\nc\uFFFD\uFFFD');
  });

  test.each([
    [5000, 5000],
    [5001, 5003],
  ])('of %d characters keeps %d', async (length, kept) => {
    addPromise('long', `#!/bin/sh\nhead -c ${String(length)} /dev/zero | tr '\\000' x\n`);
    expect((await run()).results[0]?.message).toHaveLength(kept);
  });
});

describe('its time', () => {
  test('comes every two minutes; a failure counts in between', async () => {
    const clock = new ManualClock(Date.now());
    addPromise('bad', '#!/bin/sh\necho run >> runs\nexit 1\n');
    const runs = (): number => fs.readFileSync(path.join(partition.path, 'runs'), 'utf8').split('\n').length - 1;
    await run({ force: false }, clock);
    clock.advance(119_000);
    const skipped = await run({ force: false }, clock);
    expect(skipped).toEqual({ results: [], skipped: 1, firstFailure: { name: 'bad', message: '' } });
    expect(runs()).toBe(1);
    await run({ force: true }, clock);
    expect(runs()).toBe(2);
    clock.advance(121_000);
    expect((await run({ force: false }, clock)).results).toHaveLength(1);
    // A clock that went back a year does not silence it for a year.
    clock.jumpTo(clock.now() - 365 * 86_400_000);
    expect((await run({ force: false }, clock)).results).toHaveLength(1);
  });

  test('in anomaly mode, a first time-out is forgiven and a second is not', async () => {
    addPromise('slow', '#!/bin/sh\nsleep 1005\n');
    const anomaly = { checkAnomaly: true, timeoutSeconds: 0.2 };
    expect((await run(anomaly)).results[0]).toMatchObject({ type: 'Anomaly Result', failed: false });
    expect((await run(anomaly)).results[0]).toMatchObject({ type: 'Anomaly Result', failed: true });
  });
});

describe('what a tenant puts in the way', () => {
  test.each(['link', 'fifo', 'folder'])('a %s at each file of ours does not lead us out', async (kind) => {
    addPromise('check', '#!/bin/sh\necho fine\n');
    await run();
    const canary = path.join(partition.root, 'canary');
    fs.writeFileSync(canary, 'alive');
    for (const [folder, name] of [
      ['result', 'check.status.json'],
      ['log', 'check.log'],
      ['cache', 'check'],
    ] as const) {
      const file = partition.state(folder, name);
      fs.rmSync(file);
      if (kind === 'link') fs.symlinkSync(canary, file);
      else if (kind === 'fifo') execFileSync('mkfifo', [file]);
      else fs.mkdirSync(file);
    }
    // It works or says what is wrong; it neither hangs nor writes elsewhere.
    await run().catch((error: unknown) => expect(String(error)).toContain(partition.path));
    expect(fs.readFileSync(canary, 'utf8')).toBe('alive');
  });

  test('a link at .slapgrid is refused', async () => {
    addPromise('check', '#!/bin/sh\n');
    fs.mkdirSync(path.join(partition.root, 'elsewhere'));
    fs.symlinkSync(path.join(partition.root, 'elsewhere'), path.join(partition.path, '.slapgrid'));
    await expect(run()).rejects.toMatchObject({ code: 'HOST_UNTRUSTED_ENTRY' });
    expect(fs.readdirSync(path.join(partition.root, 'elsewhere'))).toEqual([]);
  });
});

test('root runs no promises itself', async () => {
  const options = {
    partitionPath: partition.path,
    partitionId: 'p',
    computerId: 'c',
    force: true,
    checkAnomaly: false,
  };
  const ports = { host: { ...partition.host, isRoot: true }, logger: partition.logger };
  await expect(runPromises(options, ports)).rejects.toMatchObject({ code: 'PROMISE_REFUSED_ROOT' });
});

test('a time limit must be one', async () => {
  await expect(run({ timeoutSeconds: 0 })).rejects.toMatchObject({ code: 'PROMISE_INVALID_OPTION' });
});
