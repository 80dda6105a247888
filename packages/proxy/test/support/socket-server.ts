/** A proxy as a process of its own on a Unix socket, for a test that kills it. Argument: the path. Prints it when it listens. */
import { createProxy } from '../../src/index.js';

const [socketPath = ''] = process.argv.slice(2);
const proxy = await createProxy();
await proxy.listen({ socketPath });
process.stdout.write(`${socketPath}\n`);
