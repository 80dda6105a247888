import { descriptionForm, requestForm, startProxyServer } from '../proxy-server.mjs';

const PARTITIONS = 1_000;
const INSTANCES = 100;
const CLIENTS = 16;
const READS_PER_RUN = 4_000;
/** Twenty times what the Python proxy does. */
const GOAL_PER_SECOND = 8_080;
const MS_PER_SECOND = 1_000;
const P99 = 0.99;

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'json-rpc-read',
  row: 'P6',
  description: `reads of one instance through JSON-RPC by ${CLIENTS} clients`,
  packages: ['@slapos/slap', '@slapos/proxy'],
  async prepare() {
    const server = await startProxyServer();
    await server.post('/loadComputerConfigurationFromXML', descriptionForm(PARTITIONS));
    for (let index = 0; index < INSTANCES; index += 1) {
      await server.post('/requestComputerPartition', requestForm(`instance ${index}`));
    }
    /** @type {number[]} */
    let durations = [];
    return {
      cases: [
        {
          label: 'get.v0.software_instance',
          sizes: { partitions: PARTITIONS, clients: CLIENTS, reads: READS_PER_RUN },
          goalMs: (READS_PER_RUN / GOAL_PER_SECOND) * MS_PER_SECOND,
          /** @param {number} medianMs */
          figures: (medianMs) => ({
            perSecond: Math.round((READS_PER_RUN / medianMs) * MS_PER_SECOND),
            p99Milliseconds: Math.round((durations[Math.floor(durations.length * P99)] ?? 0) * 100) / 100,
          }),
          run: async () => {
            durations = [];
            let next = 0;
            const client = async () => {
              while (next < READS_PER_RUN) {
                const guid = `instance ${next % INSTANCES}______0`;
                next += 1;
                const startedAt = performance.now();
                await server.postJson('/slapos.get.v0.software_instance', { instance_guid: guid });
                durations.push(performance.now() - startedAt);
              }
            };
            await Promise.all(Array.from({ length: CLIENTS }, client));
            durations.sort((a, b) => a - b);
          },
        },
      ],
      dispose: server.dispose,
    };
  },
};
