import type { ScriptedRelease } from '../../src/index.js';
import { freePort } from '../../src/testing.js';

/** The URL that tests give the release. */
export const WEB = 'https://sr.example/web/software.cfg';

const SERVER = `
const { createServer } = require('node:http');
const [port, text] = process.argv.slice(2);
createServer((request, response) => response.end(text)).listen(Number(port), '127.0.0.1');
`;
const PROBE = `
fetch(process.argv[1]).then((answer) => process.exit(answer.ok ? 0 : 1), (error) => { console.log(error.message); process.exit(1); });
`;

/** A release whose instances are web servers that answer with their parameter `text`, and whose promise asks them. */
export const webRelease: ScriptedRelease = {
  build: async ({ log, write }) => {
    log('Installing server.');
    await write('server.cjs', SERVER, 0o644);
  },
  instantiate: async ({ parameters, releaseDirectory, service, promise, publish, readPublished }) => {
    const text = typeof parameters['text'] === 'string' ? parameters['text'] : 'hello';
    const { url: known } = await readPublished();
    const port = typeof known === 'string' ? new URL(known).port : String(await freePort());
    const url = `http://127.0.0.1:${port}/`;
    service('server', [process.execPath, `${releaseDirectory}/server.cjs`, port, text]);
    promise('answers', [process.execPath, '-e', PROBE, url]);
    await publish({ url });
  },
};
