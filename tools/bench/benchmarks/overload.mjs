import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { COMPUTER_ID, descriptionForm, requestForm, startProxyServer } from '../proxy-server.mjs';

const COMPUTERS = 34;
const PARTITIONS_OF_COMPUTER = 10_000;
/** A partition and its two addresses. */
const ROWS_OF_PARTITION = 3;
const INSTANCES = 50;
const CLIENTS = 4;
const RUN_MS = 3_000;
const PAUSE_MS = 5;
const P99 = 0.99;
const GOAL_P99_MS = 100;

const TROUBLES = [
  { label: 'nobody disturbs', kind: undefined, amount: 0 },
  { label: '10,000 connections that send very slowly', kind: 'trickle', amount: 10_000 },
  { label: '20 clients that send bodies of 100 MB', kind: 'bodies', amount: 20 },
];

/** @typedef {{ answers: () => Promise<Record<string, number>>, stop: () => Promise<void> }} Trouble */

/**
 * @param {number} port
 * @param {string} kind
 * @param {number} amount
 * @returns {Promise<Trouble>}
 */
async function startTrouble(port, kind, amount) {
  const child = fork(path.join(import.meta.dirname, '../overload-process.mjs'), [String(port), kind, String(amount)]);
  await once(child, 'message');
  return {
    answers: async () => {
      child.send({});
      const [{ answers }] = /** @type {[{ answers: Record<string, number> }]} */ (await once(child, 'message'));
      return answers;
    },
    stop: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'overload',
  row: 'T22',
  description: 'what ordinary clients wait for while others do not behave, with a million rows',
  packages: ['@slapos/slap', '@slapos/proxy'],
  async prepare() {
    const server = await startProxyServer();
    for (let computer = 1; computer < COMPUTERS; computer += 1) {
      await server.post(
        '/loadComputerConfigurationFromXML',
        descriptionForm(PARTITIONS_OF_COMPUTER, `${COMPUTER_ID}-${computer}`),
      );
    }
    await server.post('/loadComputerConfigurationFromXML', descriptionForm(PARTITIONS_OF_COMPUTER));
    for (let index = 0; index < INSTANCES; index += 1) {
      await server.post('/requestComputerPartition', requestForm(`instance ${index}`));
    }
    /** @type {Trouble | undefined} */
    let trouble;
    const cases = TROUBLES.map(({ label, kind, amount }) => {
      /** @type {number[]} */
      const durations = [];
      /** @type {Record<string, number>} */
      let answers = {};
      let rss = 0;
      return {
        label,
        sizes: { rows: COMPUTERS * PARTITIONS_OF_COMPUTER * ROWS_OF_PARTITION, disturbers: amount },
        figures: () => {
          durations.sort((a, b) => a - b);
          const p99Milliseconds = Math.round((durations[Math.floor(durations.length * P99)] ?? 0) * 100) / 100;
          return {
            calls: durations.length,
            p99Milliseconds,
            goalP99Milliseconds: GOAL_P99_MS,
            rssMegabytes: rss,
            ...Object.fromEntries(Object.entries(answers).map(([status, count]) => [`answered ${status}`, count])),
          };
        },
        beforeEach: async () => {
          // The one before it is over with the first run of this one.
          if (durations.length === 0) {
            await trouble?.stop();
            trouble = kind === undefined ? undefined : await startTrouble(server.port, kind, amount);
          }
        },
        run: async () => {
          const end = performance.now() + RUN_MS;
          const client = async (/** @type {number} */ number) => {
            for (let call = number; performance.now() < end; call += 1) {
              const startedAt = performance.now();
              if (call % 2 === 0)
                await server.post('/requestComputerPartition', requestForm(`instance ${call % INSTANCES}`));
              else {
                await server.get(
                  `/registerComputerPartition?computer_reference=${COMPUTER_ID}&computer_partition_reference=slappart${call % INSTANCES}`,
                );
              }
              durations.push(performance.now() - startedAt);
              await delay(PAUSE_MS);
            }
          };
          await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
          if (trouble !== undefined) answers = await trouble.answers();
          rss = Math.max(rss, await server.rssMegabytes());
        },
      };
    });
    return {
      cases,
      dispose: async () => {
        await trouble?.stop();
        await server.dispose();
      },
    };
  },
};
