import { once } from 'node:events';
import { createServer, request } from 'node:https';
import { type AddressInfo } from 'node:net';
import { X509Certificate } from 'node:crypto';

import { toPlain, unmarshal } from '@slapos/slap';
import { describe, expect, test } from 'vitest';

import { createProxy, type Proxy } from '../src/index.js';
import { post } from './support/slap-calls.js';

const URL_BASE = 'http://localhost';
const COMPUTER = 'COMP-1';

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

async function proxyWithInstance(): Promise<Proxy> {
  const proxy = await createProxy({ computerId: COMPUTER });
  await proxy.seed({
    computers: { [COMPUTER]: { partitions: 2 } },
    instances: [{ partitionReference: 'web', softwareReleaseUrl: 'https://sr.example/software.cfg' }],
  });
  return proxy;
}

const computerCertificate = (proxy: Proxy) =>
  post((call) => proxy.fetch(call), `${URL_BASE}/generateComputerCertificate`, { computer_id: COMPUTER });
const revoke = (proxy: Proxy) =>
  post((call) => proxy.fetch(call), `${URL_BASE}/revokeComputerCertificate`, { computer_id: COMPUTER });
const readPair = (body: string) => toPlain(unmarshal(body)) as Pair;

async function partitionCertificate(proxy: Proxy, partitionId: string): Promise<{ status: number; body: string }> {
  const query = new URLSearchParams({ computer_id: COMPUTER, computer_partition_id: partitionId });
  const response = await proxy.fetch(new Request(`${URL_BASE}/getComputerPartitionCertificate?${query.toString()}`));
  return { status: response.status, body: await response.text() };
}

describe('certificates', () => {
  test('of a computer: one at a time, revoked before the next', async () => {
    await using proxy = await proxyWithInstance();
    expect((await revoke(proxy)).status).toBe(404);
    const first = await computerCertificate(proxy);
    expect(first.status).toBe(200);
    expect((await computerCertificate(proxy)).status).toBe(404);
    expect((await revoke(proxy)).status).toBe(200);
    const second = await computerCertificate(proxy);
    const serial = (body: string) => new X509Certificate(readPair(body).certificate).serialNumber;
    expect(serial(second.body)).not.toBe(serial(first.body));
  });

  test('of an instance: made once, and only where there is one', async () => {
    await using proxy = await proxyWithInstance();
    const first = await partitionCertificate(proxy, 'slappart0');
    expect(first.status).toBe(200);
    expect(await partitionCertificate(proxy, 'slappart0')).toEqual(first);
    expect((await partitionCertificate(proxy, 'slappart1')).status).toBe(404);
    expect((await partitionCertificate(proxy, 'slappart9')).status).toBe(404);
  });

  test('are signed by the authority of the proxy, which stays the same in its database', async () => {
    await using proxy = await proxyWithInstance();
    const { certificate, key } = readPair((await partitionCertificate(proxy, 'slappart0')).body);
    const own = new X509Certificate(certificate);
    const authority = new X509Certificate(await proxy.authorityCertificate());
    expect(own.subject).toBe('CN=COMP-1-slappart0');
    expect(own.ca).toBe(false);
    expect(own.verify(authority.publicKey)).toBe(true);
    expect(authority.ca).toBe(true);
    expect(own.checkPrivateKey((await import('node:crypto')).createPrivateKey(key))).toBe(true);
    await using other = await createProxy();
    await other.restore(await proxy.snapshot());
    expect(await other.authorityCertificate()).toBe(authority.toString());
  });

  test('serve for TLS, of a client and of a server', async () => {
    await using proxy = await proxyWithInstance();
    const server = readPair((await computerCertificate(proxy)).body);
    const client = readPair((await partitionCertificate(proxy, 'slappart0')).body);
    const ca = await proxy.authorityCertificate();
    const https = createServer(
      { cert: server.certificate, key: server.key, ca, requestCert: true, rejectUnauthorized: true },
      (call, response) => {
        response.end(
          (call.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate().subject
            .CN,
        );
      },
    );
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    try {
      const { port } = https.address() as AddressInfo;
      const options = {
        port,
        host: '127.0.0.1',
        servername: COMPUTER,
        ca,
        cert: client.certificate,
        key: client.key,
        agent: false as const,
        checkServerIdentity: () => undefined,
      };
      const seen = await new Promise<string>((resolve, reject) => {
        request(options, (response) => response.setEncoding('utf8').on('data', resolve))
          .on('error', reject)
          .end();
      });
      expect(seen).toBe('COMP-1-slappart0');
    } finally {
      https.close();
    }
  });
});

test('a computer that is requested by title is made once', async () => {
  await using proxy = await createProxy();
  await using client = await proxy.client();
  const order = client.registerOpenOrder();
  const first = await order.requestComputer('my machine');
  const again = await order.requestComputer('my machine');
  const other = await order.requestComputer('another machine');
  expect(again.computerId).toBe(first.computerId);
  expect(other.computerId).not.toBe(first.computerId);
  expect((await other.fetchInformation()).partitions).toEqual([]);
});
