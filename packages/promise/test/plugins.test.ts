import fs from 'node:fs';
import path from 'node:path';

import { isProcessAlive } from '@slapos/host';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';

import { FIXTURES, TestPartition } from './support.js';

const SLOW_TEST_TIMEOUT_MS = 120_000;
const partition = new TestPartition('plug');
afterAll(() => partition[Symbol.asyncDispose]());
beforeEach(() => partition.reset());
afterEach(() => partition.clear());

const HEADER = `from zope.interface import implementer
from slapos.grid.promise import interface
from slapos.grid.promise.generic import GenericPromise, AnomalyResult, TestResult
`;
const python = (body: string): string => `${HEADER}
@implementer(interface.IPromise)
class RunPromise(GenericPromise):
${body}`;
const javascript = (body: string): string =>
  `import { AnomalyResult, GenericPromise, TestResult } from '@slapos/promise';\nexport class RunPromise extends GenericPromise {\n${body}\n}\n`;

const copyPlugins = (names: RegExp): void => {
  const folder = path.join(FIXTURES, 'plugins');
  for (const name of fs.readdirSync(folder)) {
    if (names.test(name)) partition.add('plugin', name, fs.readFileSync(path.join(folder, name), 'utf8'), 0o644);
  }
};

describe('the recorded Python plug-ins, as the Python node leaves them', () => {
  test(
    'after a test pass, and after three anomaly passes more',
    async () => {
      copyPlugins(/^py_.*\.py$/);
      const options = { timeoutSeconds: 2 };
      await partition.run(options);
      const wanted = (stage: string) => partition.masked(path.join(FIXTURES, 'results', stage), /^py_/);
      expect(partition.masked(partition.state(), /^py_/)).toEqual(wanted('after-test'));
      expect(partition.bangs).toEqual([]);
      for (let pass = 0; pass < 3; pass += 1) {
        partition.bangs = [];
        await partition.run({ ...options, checkAnomaly: true });
      }
      const now = partition.masked(partition.state(), /^py_/);
      // What bang adds to the log of the promise that banged: the recording was made without a master.
      for (const name of Object.keys(now)) now[name] = now[name]?.replace(/^.* is failing\n/gm, '') ?? '';
      expect(now).toEqual(wanted('after-anomaly'));
      // The first one that failed for good and may bang, and only it.
      expect(partition.bangs).toEqual(['Promise py_fail is failing']);
    },
    SLOW_TEST_TIMEOUT_MS,
  );
});

describe('the JavaScript plug-ins', () => {
  test(
    'in test mode, and three times in anomaly mode',
    async () => {
      copyPlugins(/^js_/);
      const verdicts = async (checkAnomaly: boolean) => {
        const { results } = await partition.run({ timeoutSeconds: 2, checkAnomaly });
        return Object.fromEntries(results.map(({ title, failed, message }) => [title, [failed, message]]));
      };
      const noOutput = 'Error: No output returned by the promise';
      const tooSlow = 'Error: Promise timed out after 2 seconds';
      const always = {
        js_no_sense: [true, noOutput],
        js_noclass: [true, noOutput],
        js_pass: [false, 'everything is fine'],
        js_raise: [true, 'cannot read the counter'],
        js_slow: [true, tooSlow],
        js_spin: [true, tooSlow],
      };
      const stuck = 'queue has 12 stuck messages';
      expect(await verdicts(false)).toEqual({ ...always, js_fail: [true, stuck] });
      expect(await verdicts(true)).toEqual({ ...always, js_fail: [false, stuck] });
      expect(await verdicts(true)).toEqual({ ...always, js_fail: [true, stuck] });
      expect(partition.mask(partition.readState('log', 'js_pass.log'))).toBe(
        'DATE - INFO - RUN - everything is fine\n'.repeat(3),
      );
    },
    SLOW_TEST_TIMEOUT_MS,
  );

  test('in CommonJS, with parameters of their own', async () => {
    partition.add(
      'plugin',
      'check.cjs',
      `
      const { GenericPromise } = require('@slapos/promise');
      exports.extraConfig = { frequency: 5, host: '10.0.0.1' };
      exports.RunPromise = class extends GenericPromise {
        constructor(config) { super(config); this.setPeriodicity(this.getConfig('frequency')); }
        sense() { this.logger.info('%s %s', this.getConfig('host'), this.getConfig('partition-id')); }
      };`,
    );
    expect((await partition.run()).results[0]).toMatchObject({ failed: false, message: '10.0.0.1 slappart0' });
    expect(JSON.parse(partition.readState('cache', 'check'))).toMatchObject({ periodicity: 5, is_tested: true });
  });

  test('with a reserved parameter are refused', async () => {
    partition.add(
      'plugin',
      'check.mjs',
      `${javascript('sense() {}')}\nexport const extraConfig = { 'partition-id': 'other' };`,
    );
    expect((await partition.run()).firstFailure?.message).toBe('Error: No output returned by the promise');
    expect(JSON.stringify(partition.logger.records)).toContain('reserved key');
  });
});

describe.each([
  ['Python', 'py', python],
  ['JavaScript', 'mjs', javascript],
] as const)('a %s plug-in', (_, extension, write) => {
  const body = (variants: { py: string; mjs: string }): string => write(variants[extension]);

  test('prints what it likes without changing its result', async () => {
    const forged = JSON.stringify({
      event: 'result',
      type: 'Test Result',
      failed: false,
      message: 'forged',
      allowBang: true,
    });
    partition.add(
      'plugin',
      `noisy.${extension}`,
      body({
        py: `  def sense(self):\n    import subprocess\n    print('${forged}')\n    subprocess.call(['echo', '${forged}'])\n    self.logger.error('real')\n`,
        mjs: `  sense() { console.log('${forged}'); process.stdout.write('no newline'); this.logger.error('real'); }`,
      }),
    );
    expect((await partition.run()).results[0]).toMatchObject({ failed: true, message: 'real' });
  });

  test('that takes too long is killed with its children', async () => {
    partition.add(
      'plugin',
      `slow.${extension}`,
      body({
        py: `  def sense(self):\n    import subprocess, time\n    c = subprocess.Popen(['sleep', '1010'])\n    open('child', 'w').write(str(c.pid))\n    time.sleep(60)\n`,
        mjs: `  async sense() { const { spawn } = await import('node:child_process'); const { writeFileSync } = await import('node:fs'); writeFileSync('child', String(spawn('sleep', ['1010']).pid)); for (;;); }`,
      }),
    );
    const report = await partition.run({ timeoutSeconds: 3 });
    expect(report.firstFailure?.message).toBe('Error: Promise timed out after 3 seconds');
    const child = Number(fs.readFileSync(path.join(partition.path, 'child'), 'utf8'));
    await expect.poll(() => isProcessAlive(child)).toBe(false);
  });

  test('bangs once in a pass, only in anomaly mode, unless told not to', async () => {
    const failing = body({
      py: `  def sense(self):\n    self.logger.error('bad')\n`,
      mjs: `  sense() { this.logger.error('bad'); }`,
    });
    const silent = body({
      py: `  def __init__(self, config):\n    super(RunPromise, self).__init__(config)\n    self.allowBang(False)\n  def sense(self):\n    self.logger.error('bad')\n`,
      mjs: `  constructor(config) { super(config); this.allowBang(false); }\n  sense() { this.logger.error('bad'); }`,
    });
    partition.add('plugin', `a_silent.${extension}`, silent);
    partition.add('plugin', `b_one.${extension}`, failing);
    partition.add('plugin', `c_two.${extension}`, failing);
    await partition.run();
    await partition.run({ checkAnomaly: true, dryRun: true });
    expect(partition.bangs).toEqual([]);
    await partition.run({ checkAnomaly: true });
    expect(partition.bangs).toEqual(['Promise b_one is failing']);
    // The line about it belongs to the same run, so the failure still counts.
    expect(partition.readState('log', 'b_one.log')).toMatch(
      /ERROR - (\S+) - bad\n.* INFO - \1 - Promise b_one is failing\n$/,
    );
  });

  test('that makes its own results has them, cut to 5000 characters', async () => {
    partition.add(
      'plugin',
      `own.${extension}`,
      body({
        py: `  def sense(self):\n    pass\n  def test(self):\n    return TestResult(problem=True, message=u'\\xe9' * 5001)\n  def anomaly(self):\n    return TestResult(problem=True, message='no bang')\n`,
        mjs: `  sense() {}\n  test() { return new TestResult({ problem: true, message: 'é'.repeat(5001) }); }\n  anomaly() { return new TestResult({ problem: true, message: 'no bang' }); }`,
      }),
    );
    const { results } = await partition.run();
    expect(results[0]).toMatchObject({ type: 'Test Result', failed: true, message: `...${'é'.repeat(5000)}` });
    await partition.run({ checkAnomaly: true });
    expect(partition.bangs).toEqual([]);
  });

  test('gets only its own environment and nothing of the node', async () => {
    partition.add(
      'plugin',
      `probe.${extension}`,
      body({
        py: `  def sense(self):\n    import os\n    self.logger.info('%d %s %s', os.getuid(), os.getcwd(), sorted(os.listdir('/proc/self/fd'))[:3])\n`,
        mjs: `  sense() { this.logger.info('%d %s', process.getuid(), process.cwd()); }`,
      }),
    );
    const { results } = await partition.run();
    expect(results[0]?.message).toContain(`${String(partition.user?.uid ?? process.getuid?.())} ${partition.path}`);
  });
});

describe('which plug-ins', () => {
  test('can be chosen by name; executables are left out then', async () => {
    for (const name of ['one', 'two']) partition.add('plugin', `${name}.mjs`, javascript('sense() {}'));
    partition.add('promise', 'executable', '#!/bin/sh\n');
    const { results } = await partition.run({ onlyPromises: ['two.mjs'] });
    expect(results.map((result) => result.name)).toEqual(['two.mjs']);
    expect((await partition.run()).results.map((result) => result.name)).toEqual(['one.mjs', 'two.mjs', 'executable']);
  });

  test('an interpreter that does not exist is no output, and the log says why', async () => {
    partition.add('plugin', 'check.py', python('  def sense(self):\n    pass\n'));
    const report = await partition.run({ pythonInterpreter: '/no/such/python' });
    expect(report.firstFailure?.message).toBe('Error: No output returned by the promise');
    expect(JSON.stringify(partition.logger.records)).toContain('/no/such/python');
  });

  test('compiled files without their source are removed', async () => {
    for (const name of ['gone.pyc', 'kept.pyc', 'kept.py'])
      partition.add('plugin', name, python('  def sense(self):\n    pass\n'));
    await partition.run();
    expect(fs.readdirSync(path.join(partition.path, 'etc', 'plugin')).sort()).toEqual([
      '__init__.py',
      'kept.py',
      'kept.pyc',
    ]);
  });
});
