import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import { createProxy, type Proxy } from '@slapos/proxy';
import { unmarshal } from '@slapos/slap';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { compareMasters } from './compare.mjs';
import type { Operation } from './operations.mjs';
import { type Master, masterAt } from './play.mjs';
import type { Call } from './wire.mjs';

const SEED = 7;
const PLAN = { seed: SEED, count: 60, maxLength: 12 };

const proxies: Proxy[] = [];
beforeEach(async () => {
  for (let index = 0; index < 2; index += 1) proxies.push(await createProxy({ computerId: 'COMP-A' }));
});
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

/** A master in this process; `twist` makes it lie. */
function master(index: number, twist: (call: Call) => Call = (call) => call): Master {
  return {
    url: `http://master-${index}.example`,
    send: async (asked) => {
      const { method, path: target, form } = twist(asked);
      const body = form === undefined ? {} : { body: new URLSearchParams(form) };
      const response = await proxies[index]?.fetch(new Request(`http://localhost${target}`, { method, ...body }));
      return { status: response?.status ?? 0, body: (await response?.text()) ?? '' };
    },
  };
}

/** Starts what it is asked to stop. */
const startsAll = (call: Call): Call => {
  const { state } = call.form ?? {};
  if (state === undefined || !state.startsWith('<') || unmarshal(Buffer.from(state)) !== 'stopped') return call;
  return { ...call, form: { ...call.form, state: state.replace('stopped', 'started') } };
};

test('two masters of one kind answer every sequence alike', async () => {
  const comparison = await compareMasters([master(0), master(1)], PLAN);
  expect(comparison).toMatchObject({ complete: true, played: PLAN.count, differences: [], explained: {} });
});

test('a difference is found and told by the shortest sequence that shows it', async () => {
  const { differences, complete } = await compareMasters([master(0), master(1, startsAll)], PLAN);
  expect(complete).toBe(true);
  const [first] = differences;
  expect(first?.path).toMatch(/_requested_state$/u);
  const [format, request, ...more] = first?.sequence ?? [];
  expect(format).toMatchObject({ do: 'format' });
  expect(request).toMatchObject({ do: 'request', state: 'stopped', shared: false, parameters: {} });
  expect(more).toEqual([]);
});

test('the same seed tries the same sequences', async () => {
  const played = async (): Promise<Operation[]> => {
    const { differences } = await compareMasters([master(0), master(1, startsAll)], { ...PLAN, maxDifferences: 1 });
    return [...(differences[0]?.sequence ?? [])];
  };
  expect(await played()).toEqual(await played());
});

test('what the specification rules is told as explained, and only --strict tells it as a difference', async () => {
  const failing = master(1);
  const reference: Master = {
    ...failing,
    send: async (call) => {
      const answer = await failing.send(call);
      return answer.status === 404 ? { ...answer, status: 500 } : answer;
    },
  };
  const { differences, explained } = await compareMasters([master(0), reference], PLAN);
  expect(differences).toEqual([]);
  expect(Object.keys(explained)).toEqual([expect.stringContaining('a failure of the server at the other')]);

  const strict = await compareMasters([master(0), reference], { ...PLAN, explanations: [] });
  expect(strict.differences.length).toBeGreaterThan(0);
});

test('a master that cannot be reached is no difference', async () => {
  await expect(compareMasters([master(0), masterAt('http://127.0.0.1:9')], PLAN)).rejects.toThrow(
    'The masters could not be compared',
  );
});

const differential = (...args: string[]) =>
  promisify(execFile)(process.execPath, [path.join(import.meta.dirname, 'main.mjs'), ...args]).catch(
    (error: unknown) => error,
  );

test('the command compares masters at URLs and says the seed', async () => {
  const urls = await Promise.all(
    proxies.map(async (proxy) => `http://127.0.0.1:${(await proxy.listen({ host: '127.0.0.1', port: 0 })).port}`),
  );
  const result = await differential(...urls, '--seed=3', '--sequences=5');
  expect(result).toMatchObject({ stdout: 'seed 3: 5 sequences, 0 differences\n' });
});

test.each([
  [[], 'Usage:'],
  [['http://one.example'], 'Usage:'],
  [['one', 'two'], 'one is no URL'],
  [['http://one.example', 'http://two.example', '--sequences=none'], '--sequences takes a number above 0'],
  [['http://127.0.0.1:9', 'http://127.0.0.1:9'], 'could not be compared'],
])('wrong use is told: %j', async (args, message) => {
  expect(await differential(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) as string });
});
