import { createSlapMaster } from '@slapos/grid';
import { SlapClient } from '@slapos/slap';
import { checkUnchanged, makeInstanceNode } from '../instance-node.mjs';
import { COMPUTER_ID, fillComputer, startProxyServer } from '../proxy-server.mjs';

const CASES = [
  { partitions: 1_000, goalMs: 128 },
  { partitions: 10_000, goalMs: 1_280 },
];
const UNCHANGED_GOAL_MS = 50;

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'instance-pass-fetch',
  row: 'P2',
  description: 'an instance pass that asks a proxy what it wants, over started partitions that are as it wants them',
  packages: ['@slapos/grid', '@slapos/proxy', '@slapos/slap'],
  async prepare() {
    /** @type {(() => Promise<void>)[]} */
    const ends = [];
    /** @type {import('../measure.mjs').BenchmarkCase[]} */
    const cases = [];
    for (const { partitions, goalMs } of CASES) {
      const server = await startProxyServer();
      ends.push(server.dispose);
      await fillComputer(server, partitions);
      const openMaster = () => {
        const client = new SlapClient({ masterUrl: server.url });
        return { client, master: createSlapMaster(client, COMPUTER_ID) };
      };
      const daemon = openMaster();
      ends.push(() => daemon.client[Symbol.asyncDispose]());
      const information = await daemon.master.fetchComputerInformation();
      const timestamps = new Map(
        information.partitions.map(({ partitionId, timestamp }) => [partitionId, timestamp ?? '']),
      );
      const releaseUrl = information.partitions[0]?.softwareReleaseUrl ?? '';
      const timestamp = (/** @type {string} */ partitionId) => timestamps.get(partitionId) ?? '';
      const node = await makeInstanceNode({ partitions, releaseUrl, timestamp });
      ends.push(node.dispose);
      // The first one tells the proxy that the partitions are well.
      checkUnchanged(await node.runInstance(daemon.master), partitions);
      const sizes = { partitions };
      cases.push(
        {
          label: 'a pass of its own process, which fetches everything',
          sizes,
          goalMs,
          async run() {
            const { client, master } = openMaster();
            checkUnchanged(await node.runInstance(master), partitions);
            await client[Symbol.asyncDispose]();
          },
        },
        {
          label: 'a pass of the daemon, to which the proxy says that nothing changed',
          sizes,
          goalMs,
          run: async () => checkUnchanged(await node.runInstance(daemon.master), partitions),
        },
        {
          label: 'the fetch alone: nothing changed',
          sizes,
          goalMs: UNCHANGED_GOAL_MS,
          run: () => daemon.master.fetchComputerInformation(),
        },
      );
    }
    return {
      cases,
      async dispose() {
        for (const end of ends.reverse()) await end();
      },
    };
  },
};
