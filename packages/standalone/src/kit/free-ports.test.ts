import { once } from 'node:events';
import { createServer } from 'node:net';

import { expect, test } from 'vitest';

import { freePort, reserveFreePorts } from './free-ports.js';

async function canListen(host: string, port: number): Promise<boolean> {
  const server = createServer();
  const result = await new Promise<boolean>((resolve) => {
    server.once('listening', () => resolve(true)).once('error', () => resolve(false));
    server.listen(port, host);
  });
  if (!result) return false;
  server.close();
  await once(server, 'close');
  return true;
}

test.each(['127.0.0.1', '::1'])('a free port of %s', async (host) => {
  expect(await canListen(host, await freePort(host))).toBe(true);
});

test('consecutive ports are ours until they are given back', async () => {
  await using reserved = await reserveFreePorts('127.0.0.1', 3);
  const [first = 0] = reserved.ports;
  expect(reserved.ports).toEqual([first, first + 1, first + 2]);
  expect(await canListen('127.0.0.1', first + 1)).toBe(false);
  await reserved.release();
  expect(await canListen('127.0.0.1', first + 1)).toBe(true);
});

test('an address that is not ours has no ports', async () => {
  await expect(reserveFreePorts('192.0.2.1')).rejects.toMatchObject({ code: 'STANDALONE_NO_PORT' });
});
