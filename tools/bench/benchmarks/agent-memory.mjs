import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createSlapMaster } from '@slapos/grid';
import { SlapClient } from '@slapos/slap';
import { makeInstanceNode } from '../instance-node.mjs';
import { COMPUTER_ID, fillComputer, startProxyServer } from '../proxy-server.mjs';

const AGENT = fileURLToPath(new URL('../agent-process.mjs', import.meta.url));
const CASES = [100, 10_000];

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'agent-memory',
  row: 'P18',
  description:
    'what an agent that runs on needs of memory when nothing changes (the goal is 90 MB at 10,000 partitions)',
  packages: ['@slapos/grid', '@slapos/proxy', '@slapos/slap'],
  async prepare() {
    /** @type {(() => Promise<void>)[]} */
    const ends = [];
    /** @type {import('../measure.mjs').BenchmarkCase[]} */
    const cases = [];
    for (const partitions of CASES) {
      const server = await startProxyServer();
      ends.push(server.dispose);
      await fillComputer(server, partitions);
      const client = new SlapClient({ masterUrl: server.url });
      const wanted = await createSlapMaster(client, COMPUTER_ID).fetchComputerInformation();
      await client[Symbol.asyncDispose]();
      const timestamps = new Map(wanted.partitions.map(({ partitionId, timestamp }) => [partitionId, timestamp ?? '']));
      const releaseUrl = wanted.partitions[0]?.softwareReleaseUrl ?? '';
      const node = await makeInstanceNode({ partitions, releaseUrl, timestamp: (id) => timestamps.get(id) ?? '' });
      ends.push(node.dispose);
      const agent = fork(AGENT, [server.url, node.softwareRoot, node.instanceRoot, COMPUTER_ID]);
      await once(agent, 'message');
      ends.push(async () => {
        agent.kill();
        await once(agent, 'exit');
      });
      let rssMegabytes = 0;
      let peakMegabytes = 0;
      const pass = async () => {
        agent.send({});
        const [answer] = /** @type {[{ outcome: string, rssBytes: number, peakBytes: number }]} */ (
          await once(agent, 'message')
        );
        if (answer.outcome !== 'success') throw new Error(`The pass ended with ${answer.outcome}`);
        rssMegabytes = Math.round(answer.rssBytes / 1e6);
        peakMegabytes = Math.round(answer.peakBytes / 1e6);
      };
      // The first one fetches everything, and tells the proxy that the partitions are well.
      await pass();
      cases.push({
        label: 'a pass of an agent that runs on',
        sizes: { partitions },
        run: pass,
        figures: () => ({ rssMegabytes, peakMegabytes }),
      });
    }
    return {
      cases,
      async dispose() {
        for (const end of ends.reverse()) await end();
      },
    };
  },
};
