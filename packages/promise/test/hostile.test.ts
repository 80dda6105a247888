import fs from 'node:fs';
import path from 'node:path';

import { isProcessAlive } from '@slapos/host';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';

import { TestPartition } from './support.js';

const SLOW_TEST_TIMEOUT_MS = 180_000;
const PRINTED_BYTES = 256 * 1024 * 1024;
/** The young part of the heap alone may take half of it before anything is collected. */
const MEMORY_BOUND_BYTES = 96 * 1024 * 1024;
const partition = new TestPartition('host');
afterAll(() => partition[Symbol.asyncDispose]());
beforeEach(() => partition.reset());
afterEach(() => partition.clear());

const IMPORT = "import { GenericPromise } from '@slapos/promise';\n";
const plugin = (body: string): string => `${IMPORT}export class RunPromise extends GenericPromise {\n${body}\n}\n`;

test(
  'promises that misbehave cost only themselves',
  async () => {
    const add = (name: string, text: string): void => partition.add('promise', name, text);
    add('a-hangs', '#!/bin/sh\nsleep 1021 & echo $! > hang.pid\nwait\n');
    add('b-ignores-term', '#!/bin/sh\ntrap "" TERM\necho $$ > trap.pid\nwhile :; do sleep 0.05; done\n');
    add('c-forks', '#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8; do sleep 1022 & echo $! >> forks.pid; done\nexit 0\n');
    add('d-dies', '#!/bin/sh\nkill -9 $$\n');
    add('e-no-newline', '#!/bin/sh\nprintf "no end of line"\nexit 1\n');
    add('f-bad-utf8', '#!/bin/sh\nprintf "bad \\377\\376 and \\000 NUL"\nexit 1\n');
    add('g-deletes-itself', '#!/bin/sh\nrm -- "$0"\necho gone\n');
    add('h-fine', '#!/bin/sh\necho fine\n');
    const { results } = await partition.run({ timeoutSeconds: 2 });
    const said = Object.fromEntries(results.map(({ name, failed, message }) => [name, [failed, message]]));
    expect(said).toEqual({
      'a-hangs': [true, 'Error: Promise timed out after 2 seconds'],
      'b-ignores-term': [true, 'Error: Promise timed out after 2 seconds'],
      'c-forks': [false, ''],
      'd-dies': [true, ''],
      'e-no-newline': [true, 'no end of line'],
      'f-bad-utf8': [true, 'bad \uFFFD\uFFFD and \uFFFD NUL'],
      'g-deletes-itself': [false, 'gone'],
      'h-fine': [false, 'fine'],
    });
    for (const file of ['hang.pid', 'trap.pid', 'forks.pid']) {
      const pids = fs.readFileSync(path.join(partition.path, file), 'utf8').trim().split('\n');
      for (const pid of pids) await expect.poll(() => isProcessAlive(Number(pid))).toBe(false);
    }
  },
  SLOW_TEST_TIMEOUT_MS,
);

test(
  'a promise that prints without end costs no memory, and its result stays short',
  async () => {
    partition.add('promise', 'prints', `#!/bin/sh\nhead -c ${String(PRINTED_BYTES)} /dev/zero | tr '\\0' x\nexit 1\n`);
    const before = process.memoryUsage().rss;
    const { results } = await partition.run({ timeoutSeconds: 60 });
    expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY_BOUND_BYTES);
    expect(results[0]?.failed).toBe(true);
    expect(results[0]?.message.length).toBeLessThanOrEqual(5003);
  },
  SLOW_TEST_TIMEOUT_MS,
);

test(
  'plug-ins share a process, but not their misfortunes',
  async () => {
    const add = (name: string, body: string): void => partition.add('plugin', `${name}.mjs`, plugin(body));
    const tellPid = (): string => "sense() { this.logger.info('%d', process.pid); }";
    add('a_first', tellPid());
    add('b_second', tellPid());
    add('c_spins', 'sense() { for (;;); }');
    add('d_after', tellPid());
    add('e_exits', 'sense() { process.exit(0); }');
    add('f_after', tellPid());
    add('g_leaves_a_timer', "sense() { setInterval(() => {}, 1000); this.logger.info('%d', process.pid); }");
    add('h_after', tellPid());
    add(
      'i_throws_later',
      "sense() { setTimeout(() => { throw new Error('late'); }, 0); return new Promise(() => {}); }",
    );
    add('j_last', tellPid());
    const { results } = await partition.run({ timeoutSeconds: 5 });
    const said = Object.fromEntries(results.map(({ title, message }) => [title, message]));
    expect(results.filter(({ failed }) => failed).map(({ title }) => title)).toEqual([
      'c_spins',
      'e_exits',
      'i_throws_later',
    ]);
    expect(said['c_spins']).toBe('Error: Promise timed out after 5 seconds');
    expect(said['e_exits']).toBe('Error: No output returned by the promise');
    expect(said['b_second']).toBe(said['a_first']);
    expect(said['d_after']).not.toBe(said['a_first']);
    // What leaves something running retires its process: the next one gets a fresh one.
    expect(said['g_leaves_a_timer']).toBe(said['f_after']);
    expect(said['h_after']).not.toBe(said['g_leaves_a_timer']);
  },
  SLOW_TEST_TIMEOUT_MS,
);

test(
  'several at a time give the same report in the same order',
  async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      partition.add('promise', name, `#!/bin/sh\n[ ${name} = a ] && sleep 0.3\necho ${name}\n[ ${name} != d ]\n`);
      partition.add('plugin', `${name}_plugin.mjs`, plugin("sense() { this.logger.info('%s', this.getTitle()); }"));
    }
    const one = await partition.run();
    const many = await partition.run({ parallel: 4 });
    const gist = ({ results, firstFailure }: typeof one): unknown => ({
      firstFailure,
      results: results.map(({ name, failed, message }) => [name, failed, message]),
    });
    expect(gist(many)).toEqual(gist(one));
    expect(many.firstFailure).toEqual({ name: 'd', message: 'd' });
    await expect(partition.run({ parallel: 0 })).rejects.toMatchObject({ code: 'PROMISE_INVALID_OPTION' });
  },
  SLOW_TEST_TIMEOUT_MS,
);

test('names in .slapgrid that point elsewhere are not followed', async () => {
  const outside = path.join(partition.root, 'canary');
  fs.writeFileSync(outside, 'untouched');
  partition.add('promise', 'check', '#!/bin/sh\necho fine\n');
  await partition.run();
  for (const [kind, name] of [
    ['result', 'check.status.json'],
    ['cache', 'check'],
    ['log', 'check.log'],
  ] as const) {
    fs.rmSync(partition.state(kind, name));
    fs.symlinkSync(outside, partition.state(kind, name));
  }
  await partition.run().catch(() => undefined);
  expect(fs.readFileSync(outside, 'utf8')).toBe('untouched');
});
