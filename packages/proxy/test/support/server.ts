/**
 * A proxy as a process of its own, for tests that kill it. Arguments: database file, computer id. Prints its port when it listens.
 */
import { createProxy } from '../../src/index.js';

const [databasePath = '', computerId = ''] = process.argv.slice(2);
const proxy = await createProxy({ databasePath, computerId });
const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${port}\n`);
process.on('SIGTERM', () => {
  void proxy.close();
});
