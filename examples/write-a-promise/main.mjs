// Tries the promise of free-memory.mjs on a node of its own: once as it is, once asking for more than any machine has.
//
//   node main.mjs [--user USER]
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { createScriptedBuilder, PassFailedError, startStandalone } from '@slapos/standalone';

const { values } = parseArgs({ options: { user: { type: 'string' } } });
const softwareReleaseUrl = 'https://sr.example/with-promise/software.cfg';
const plugin = await readFile(new URL('free-memory.mjs', import.meta.url), 'utf8');

// A Software Release as a function: its instances have nothing but the promise.
const builder = createScriptedBuilder({
  [softwareReleaseUrl]: {
    instantiate: async ({ parameters, write }) => {
      const configured = plugin.replace('minimumMegabytes: 1', `minimumMegabytes: ${parameters.minimum}`);
      await write('etc/plugin/free-memory.mjs', configured);
    },
  },
});

const node = await startStandalone({ builder, format: 1, user: values.user });
try {
  await node.supply(softwareReleaseUrl);
  await node.buildSoftware();
  for (const minimum of ['1', '1000000000']) {
    const instance = await node.request({ softwareReleaseUrl, partitionReference: 'try', parameters: { minimum } });
    try {
      await node.processInstances({ force: true });
    } catch (error) {
      if (!(error instanceof PassFailedError)) throw error;
    }
    for (const { title, failed, message } of await instance.promises()) {
      console.log(`${title}: ${failed ? 'failed' : 'good'}: ${message}`);
    }
  }
} finally {
  await node[Symbol.asyncDispose]();
}
