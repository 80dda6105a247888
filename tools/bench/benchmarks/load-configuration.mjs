import { descriptionForm, startProxyServer } from '../proxy-server.mjs';

const PARTITIONS = [1_000, 10_000];
const GOAL_MS_PER_1000 = 110;

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'load-configuration',
  row: 'P9',
  description: 'a node formats its computer again, and nothing is new',
  packages: ['@slapos/slap', '@slapos/proxy'],
  async prepare() {
    const server = await startProxyServer();
    const cases = PARTITIONS.map((partitions) => {
      const form = descriptionForm(partitions);
      return {
        label: `${partitions} partitions`,
        sizes: { partitions, bytes: form.xml.length },
        goalMs: (GOAL_MS_PER_1000 * partitions) / 1_000,
        run: () => server.post('/loadComputerConfigurationFromXML', form),
      };
    });
    return { cases, dispose: server.dispose };
  },
};
