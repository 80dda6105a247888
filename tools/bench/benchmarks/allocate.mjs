import { flushMilliseconds } from '../flush-floor.mjs';
import { descriptionForm, requestForm, startProxyServer } from '../proxy-server.mjs';

const CASES = [
  { partitions: 100, clients: 1, perRun: 50, goalPerSecond: undefined },
  { partitions: 1_000, clients: 1, perRun: 100, goalPerSecond: 1_024 },
  { partitions: 10_000, clients: 1, perRun: 200, goalPerSecond: 1_050 },
  { partitions: 10_000, clients: 16, perRun: 1_000, goalPerSecond: 3_000 },
];
const MS_PER_SECOND = 1_000;

/** A master serves for weeks: the rate is that of one whose code is compiled, not of its first seconds. */
const WARM_UP_REQUESTS = 3_000;

/**
 * Requests new instances from several clients at once; every one gets a partition.
 *
 * @param {Awaited<ReturnType<typeof startProxyServer>>} server
 * @param {{ from: number, count: number, clients: number }} work
 */
async function allocate(server, { from, count, clients }) {
  let next = from;
  const end = from + count;
  const client = async () => {
    while (next < end) {
      const name = `instance ${next}`;
      next += 1;
      await server.post('/requestComputerPartition', requestForm(name));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'allocate',
  row: 'P4, P5',
  description: 'requests of new instances, each on the disk before it is answered',
  packages: ['@slapos/slap', '@slapos/proxy'],
  async prepare() {
    const flushMs = await flushMilliseconds();
    /** @type {(() => Promise<void>)[]} */
    const disposers = [];
    const cases = await Promise.all(
      CASES.map(async ({ partitions, clients, perRun, goalPerSecond }) => {
        const server = await startProxyServer();
        disposers.push(server.dispose);
        await server.post('/loadComputerConfigurationFromXML', descriptionForm(WARM_UP_REQUESTS));
        await allocate(server, { from: 0, count: WARM_UP_REQUESTS, clients });
        await server.post('/loadComputerConfigurationFromXML', descriptionForm(0));
        await server.post('/loadComputerConfigurationFromXML', descriptionForm(partitions));
        let requested = 0;
        return {
          label: `${clients === 1 ? 'one client' : `${clients} clients`}, ${partitions} partitions`,
          sizes: { partitions, clients, requests: perRun },
          ...(goalPerSecond === undefined ? {} : { goalMs: (perRun / goalPerSecond) * MS_PER_SECOND }),
          /** @param {number} medianMs */
          figures: (medianMs) => ({
            perSecond: Math.round((perRun / medianMs) * MS_PER_SECOND),
            // One client waits for it each time; many share it.
            flushMilliseconds: flushMs,
          }),
          // Partitions that are removed and formatted again are free again.
          beforeEach: async () => {
            if (requested + perRun <= partitions) return;
            await server.post('/loadComputerConfigurationFromXML', descriptionForm(0));
            await server.post('/loadComputerConfigurationFromXML', descriptionForm(partitions));
            requested = 0;
          },
          run: async () => {
            await allocate(server, { from: requested, count: perRun, clients });
            requested += perRun;
          },
        };
      }),
    );
    return {
      cases,
      dispose: async () => {
        await Promise.all(disposers.map((dispose) => dispose()));
      },
    };
  },
};
