// Builds a Software Release, runs an instance of it, shows that it answers, and takes all of it away again.
// Needs zc.buildout (Debian: apt-get install python3-zc.buildout); no supervisord, no root.
//
//   node main.mjs SOFTWARE_RELEASE [--user USER]
import { parseArgs } from 'node:util';

import { startStandalone } from '@slapos/standalone';

const { values, positionals } = parseArgs({ options: { user: { type: 'string' } }, allowPositionals: true });
const [softwareReleaseUrl] = positionals;
if (softwareReleaseUrl === undefined) {
  console.error('Usage: node main.mjs SOFTWARE_RELEASE [--user USER]');
  process.exit(2);
}

const node = await startStandalone({
  user: values.user,
  format: 1, // One partition is enough.
  onEvent: (event) => {
    if (event.type === 'software.part') console.log(`building ${event.part}`);
    if (event.type === 'partition.step') console.log(`${event.partition}: ${event.step}`);
  },
});
try {
  console.log(`a node in ${node.directory}, its master at ${node.masterUrl}`);
  await node.supply(softwareReleaseUrl);
  await node.buildSoftware();
  const instance = await node.request({ softwareReleaseUrl, partitionReference: 'hello' });
  await node.processInstances({ retries: 20 }); // Until its promises pass.

  for (const { name, stateName } of await instance.services()) console.log(`${name} is ${stateName}`);
  const { url } = await instance.connection();
  console.log(`it has published ${url}`);
  console.log((await (await fetch(url)).text()).trim());
} catch (error) {
  // The message of a pass that failed has the end of its log.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await node[Symbol.asyncDispose]();
}
