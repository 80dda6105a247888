/** A proxy as a process of its own. Arguments: database file, computer id. Sends its port when it listens; ends at SIGTERM. */
import { keepHeapSmall } from '@slapos/proxy/small-heap';

// As `slapos proxy start` does.
keepHeapSmall();
const { createProxy } = await import('@slapos/proxy');
const [databasePath = '', computerId = ''] = process.argv.slice(2);
const proxy = await createProxy({ databasePath, computerId });
const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
process.on('SIGTERM', () => {
  void proxy.close().then(() => process.exit(0));
});
process.on('message', () => {
  process.send?.({ rssBytes: process.memoryUsage.rss() });
});
process.send?.({ port });
