import { COMPUTER_ID, fillComputer, requestForm, startProxyServer } from '../proxy-server.mjs';

const CASES = [
  { partitions: 1_000, goalMs: 22 },
  { partitions: 10_000, goalMs: 200 },
];
const UNCHANGED_GOAL_MS = 50;
const AS_NODES_ASK = { 'accept-encoding': 'gzip, deflate' };
const TARGET = `/getFullComputerInformation?computer_id=${COMPUTER_ID}`;

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'full-information',
  row: 'P7, P18',
  description: 'the full information about a computer, all of whose partitions are busy',
  packages: ['@slapos/slap', '@slapos/proxy'],
  async prepare() {
    /** @type {(() => Promise<void>)[]} */
    const disposers = [];
    /** @type {import('../measure.mjs').BenchmarkCase[]} */
    const cases = [];
    for (const { partitions, goalMs } of CASES) {
      const server = await startProxyServer();
      disposers.push(server.dispose);
      await fillComputer(server, partitions);
      await server.get(TARGET, AS_NODES_ASK);
      const rssMegabytes = await server.rssMegabytes();
      const { bytes, etag = '' } = await server.get(TARGET);
      let changes = 0;
      let lastEtag = etag;
      const sizes = { partitions, bytes };
      cases.push(
        { label: 'nothing changed', sizes, goalMs, run: () => server.get(TARGET) },
        {
          label: 'nothing changed, as nodes ask for it',
          sizes,
          goalMs,
          figures: () => ({ rssMegabytes }),
          run: () => server.get(TARGET, AS_NODES_ASK),
        },
        {
          label: 'nothing changed, and the client says what it has',
          sizes,
          goalMs: UNCHANGED_GOAL_MS,
          beforeEach: async () => {
            lastEtag = (await server.get(TARGET)).etag ?? '';
          },
          run: () => server.get(TARGET, { 'if-none-match': lastEtag }),
        },
        {
          label: 'one instance changed',
          sizes,
          goalMs,
          beforeEach: async () => {
            changes += 1;
            await server.post('/requestComputerPartition', requestForm('instance 7', `type ${changes}`));
          },
          run: () => server.get(TARGET),
        },
      );
    }
    return {
      cases,
      dispose: async () => {
        await Promise.all(disposers.map((dispose) => dispose()));
      },
    };
  },
};
