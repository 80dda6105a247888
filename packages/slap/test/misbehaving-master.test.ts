import { gzipSync } from 'node:zlib';
import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  isSlapError,
  type MasterRequest,
  SlapClient,
  type SlapClientOptions,
  type SlapErrorCode,
} from '../src/index.js';
import { RecordingLogger } from '../src/testing.js';
import { CertificateMaker, type MadeCertificate } from './certificates.js';
import { type Behaviour, httpAnswer, startMisbehaving } from './misbehaving-master.js';

const STATUS_DOCUMENT = '<marshal><dictionary id="i2"><string>text</string><string>#ok</string></dictionary></marshal>';
const SHORT_MS = 150;

interface Case {
  name: string;
  behaviour?: Behaviour;
  onConnection?: (socket: Socket) => void;
  tls?: () => TlsOptions;
  scheme?: 'http' | 'https';
  url?: string;
  options?: () => Partial<SlapClientOptions>;
  code: SlapErrorCode;
  retryable?: boolean;
  says?: RegExp;
}

const certificates = new CertificateMaker();
let authority: MadeCertificate;
let other: MadeCertificate;
let good: MadeCertificate;
let expired: MadeCertificate;
let elsewhere: MadeCertificate;
let clientOne: MadeCertificate;
let clientTwo: MadeCertificate;

beforeAll(() => {
  authority = certificates.authority('authority');
  other = certificates.authority('other');
  good = certificates.signed(authority, 'good');
  expired = certificates.signed(authority, 'expired', { days: -1 });
  elsewhere = certificates.signed(authority, 'elsewhere', { altName: 'DNS:elsewhere.example' });
  clientOne = certificates.signed(authority, 'client-one');
  clientTwo = certificates.signed(authority, 'client-two');
});
afterAll(() => certificates[Symbol.dispose]());

const send =
  (data: string | Buffer): Behaviour =>
  (socket) =>
    void socket.write(data);
const sendAndClose =
  (data: string | Buffer): Behaviour =>
  (socket) =>
    void socket.end(data);
const every =
  (milliseconds: number, piece: string, first = ''): Behaviour =>
  (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(piece), milliseconds);
    socket.on('close', () => clearInterval(timer));
  };
const untrusted = { scheme: 'https' as const, code: 'SLAP_TLS_FAILED' as const, retryable: false };
const trusting = () => ({ masterCaFile: authority.certFile });

const CONNECTIONS: Case[] = [
  { name: 'nobody listens', url: 'http://127.0.0.1:1/', code: 'SLAP_CONNECTION_FAILED', says: /ECONNREFUSED/ },
  {
    name: 'the name is unknown',
    url: 'http://master.invalid/',
    code: 'SLAP_CONNECTION_FAILED',
    says: /master\.invalid/,
  },
  { name: 'closed before a byte', onConnection: (socket) => socket.destroy(), code: 'SLAP_CONNECTION_FAILED' },
  { name: 'reset after the request', behaviour: (socket) => socket.resetAndDestroy(), code: 'SLAP_CONNECTION_FAILED' },
  { name: 'closed after the request', behaviour: (socket) => socket.end(), code: 'SLAP_CONNECTION_FAILED' },
  {
    name: 'never answers',
    behaviour: () => {},
    code: 'SLAP_CONNECTION_FAILED',
    options: () => ({ timeoutMs: SHORT_MS }),
  },
  {
    name: 'a head that trickles',
    behaviour: every(20, 'x', 'HTTP/1.1 200 OK\r\nx-a: '),
    code: 'SLAP_CONNECTION_FAILED',
    options: () => ({ totalTimeoutMs: 3 * SHORT_MS }),
  },
  {
    name: 'a body that stalls',
    behaviour: send('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n<marshal>'),
    code: 'SLAP_CONNECTION_FAILED',
    options: () => ({ timeoutMs: SHORT_MS }),
  },
  {
    name: 'a body that trickles for ever',
    behaviour: every(20, '1\r\nx\r\n', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'),
    code: 'SLAP_CONNECTION_FAILED',
    options: () => ({ totalTimeoutMs: 3 * SHORT_MS }),
    says: /did not finish/,
  },
  {
    name: 'a body that is cut',
    behaviour: sendAndClose('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n<marshal>'),
    code: 'SLAP_CONNECTION_FAILED',
  },
  {
    name: 'chunks that are cut',
    behaviour: sendAndClose('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n<marshal>\r\n'),
    code: 'SLAP_CONNECTION_FAILED',
  },
  {
    name: 'a chunk of no length',
    behaviour: send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n<marshal>\r\n'),
    code: 'SLAP_CONNECTION_FAILED',
  },
  {
    name: 'something else than HTTP',
    behaviour: sendAndClose('SSH-2.0-OpenSSH_9.2\r\n'),
    code: 'SLAP_CONNECTION_FAILED',
  },
  {
    name: 'a status that is no number',
    behaviour: sendAndClose('HTTP/1.1 abc OK\r\n\r\n'),
    code: 'SLAP_CONNECTION_FAILED',
  },
  {
    name: 'a head of 200 kB',
    behaviour: sendAndClose(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(200_000)}\r\n\r\n`),
    code: 'SLAP_CONNECTION_FAILED',
  },
  {
    name: 'two lengths that differ',
    behaviour: sendAndClose('HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef'),
    code: 'SLAP_CONNECTION_FAILED',
  },
];

const BODIES: Case[] = [
  {
    name: 'a length that is too short',
    behaviour: send(httpAnswer(200, STATUS_DOCUMENT, { 'content-length': '30' })),
    code: 'SLAP_INVALID_DOCUMENT',
  },
  {
    name: 'a web page with 200',
    behaviour: send(httpAnswer(200, '<!DOCTYPE html><html><body>Sign in</body></html>')),
    code: 'SLAP_INVALID_DOCUMENT',
    says: /did not answer .* with a SLAP document/,
  },
  {
    name: 'an empty body with 200',
    behaviour: send(httpAnswer(200, '')),
    code: 'SLAP_INVALID_DOCUMENT',
    says: /empty/,
  },
  { name: 'no content', behaviour: send('HTTP/1.1 204 No Content\r\n\r\n'), code: 'SLAP_INVALID_DOCUMENT' },
  { name: 'JSON with 200', behaviour: send(httpAnswer(200, '{"status": "ok"}')), code: 'SLAP_INVALID_DOCUMENT' },
  {
    name: 'a document that ends early',
    behaviour: send(httpAnswer(200, STATUS_DOCUMENT.slice(0, 40))),
    code: 'SLAP_INVALID_DOCUMENT',
  },
  {
    name: 'another document',
    behaviour: send(httpAnswer(200, '<marshal><int>1</int></marshal>')),
    code: 'SLAP_INVALID_DOCUMENT',
  },
  {
    name: 'gzip that is none',
    behaviour: send(httpAnswer(200, STATUS_DOCUMENT, { 'content-encoding': 'gzip' })),
    code: 'SLAP_CONNECTION_FAILED',
  },
  {
    name: 'a bomb of gzip',
    behaviour: send(httpAnswer(200, gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' })),
    code: 'SLAP_INVALID_DOCUMENT',
    options: () => ({ maxAnswerBytes: 1_000_000 }),
    says: /longer/,
  },
  {
    name: 'a body beyond the limit',
    behaviour: send(httpAnswer(200, 'x'.repeat(2_000_000))),
    code: 'SLAP_INVALID_DOCUMENT',
    options: () => ({ maxAnswerBytes: 1_000_000 }),
    says: /longer/,
  },
];

const refusedStatus = (status: number, code: SlapErrorCode, retryable: boolean): Case => ({
  name: `status ${String(status)}`,
  behaviour: send(httpAnswer(status, 'what the master said')),
  code,
  retryable,
  says: /what the master said/,
});
const STATUSES: Case[] = [
  ...[400, 402, 405, 406, 409, 410, 413, 415, 418, 429].map((status) =>
    refusedStatus(status, 'SLAP_HTTP_ERROR', false),
  ),
  ...[500, 501, 502, 503, 504, 599].map((status) => refusedStatus(status, 'SLAP_HTTP_ERROR', true)),
  ...[401, 403].map((status) => refusedStatus(status, 'SLAP_AUTHENTICATION', false)),
  refusedStatus(404, 'SLAP_NOT_FOUND', false),
  refusedStatus(408, 'SLAP_NOT_READY', true),
];

const redirect = (location: string, status = 302) => send(httpAnswer(status, '', { location }));
const REDIRECTS: Case[] = [
  {
    name: 'a redirect loop',
    behaviour: redirect('/getComputerStatus'),
    code: 'SLAP_HTTP_ERROR',
    says: /more than 3 redirects/,
  },
  {
    name: 'a redirect to another host',
    behaviour: redirect('http://elsewhere.invalid/'),
    code: 'SLAP_HTTP_ERROR',
    says: /another scheme, host or port/,
  },
  { name: 'a redirect to another port', behaviour: redirect('http://127.0.0.1:1/'), code: 'SLAP_HTTP_ERROR' },
  { name: 'a redirect to a file', behaviour: redirect('file:///etc/passwd'), code: 'SLAP_HTTP_ERROR' },
  { name: 'a redirect that is no URL', behaviour: redirect('http://['), code: 'SLAP_HTTP_ERROR' },
  { name: 'a redirect to nowhere', behaviour: send(httpAnswer(302)), code: 'SLAP_HTTP_ERROR' },
  {
    name: 'a redirect with other credentials',
    behaviour: redirect('http://user:secret@127.0.0.1/'),
    code: 'SLAP_HTTP_ERROR',
  },
  {
    name: 'a redirect from https to http',
    behaviour: (socket, _count, head) =>
      void socket.write(httpAnswer(302, '', { location: `http://${/host: (.*)/i.exec(head)?.[1] ?? ''}/` })),
    tls: () => good,
    scheme: 'https',
    options: trusting,
    code: 'SLAP_HTTP_ERROR',
  },
];

const TLS: Case[] = [
  { name: 'an unknown authority', tls: () => good, ...untrusted, says: /certificate|issuer/i },
  {
    name: 'a wrong authority in the CA file',
    tls: () => good,
    ...untrusted,
    options: () => ({ masterCaFile: other.certFile }),
  },
  { name: 'a certificate that signs itself', tls: () => other, ...untrusted, options: trusting },
  { name: 'an expired certificate', tls: () => expired, ...untrusted, options: trusting, says: /expired/i },
  {
    name: 'a certificate of another host',
    tls: () => elsewhere,
    ...untrusted,
    options: trusting,
    says: /elsewhere\.example|altname/i,
  },
  {
    name: 'an old version of TLS',
    tls: () => ({ ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ...untrusted,
    options: trusting,
  },
  {
    name: 'a client certificate is wanted and missing',
    // With TLS 1.3 the refusal comes after the handshake, and may be seen as a connection that is closed.
    tls: () => ({ ...good, ca: authority.cert, requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' }),
    ...untrusted,
    options: trusting,
  },
  { name: 'plain HTTP on the port of https', onConnection: (socket) => void socket.end(httpAnswer(400)), ...untrusted },
  {
    name: 'a handshake that never ends',
    onConnection: () => {},
    scheme: 'https',
    options: () => ({ timeoutMs: SHORT_MS }),
    code: 'SLAP_CONNECTION_FAILED',
  },
  { name: 'TLS on the port of http', tls: () => good, scheme: 'http', code: 'SLAP_CONNECTION_FAILED' },
  {
    name: 'closed after the handshake',
    tls: () => good,
    behaviour: (socket) => socket.destroy(),
    scheme: 'https',
    options: trusting,
    code: 'SLAP_CONNECTION_FAILED',
  },
];

const ALL = [...CONNECTIONS, ...BODIES, ...STATUSES, ...REDIRECTS, ...TLS];

describe('a master that misbehaves', () => {
  test('in at least forty ways', () => {
    expect(ALL.length).toBeGreaterThanOrEqual(40);
  });

  test.each(ALL)('$name: $code', async (one) => {
    await using master = await startMisbehaving(one.behaviour ?? send(httpAnswer(200, STATUS_DOCUMENT)), {
      ...(one.tls === undefined ? {} : { tls: one.tls() }),
      ...(one.onConnection === undefined ? {} : { onConnection: one.onConnection }),
    });
    const masterUrl = one.url ?? `${one.scheme ?? 'http'}://127.0.0.1:${String(master.port)}/`;
    await using client = new SlapClient({ masterUrl, retries: 0, ...one.options?.() });
    const error: unknown = await client
      .registerComputer('COMP-1')
      .getStatus()
      .catch((thrown: unknown) => thrown);
    if (!isSlapError(error)) throw error;
    expect(error.code, error.message).toBe(one.code);
    expect(error.retryable).toBe(one.retryable ?? one.code === 'SLAP_CONNECTION_FAILED');
    if (one.says !== undefined) expect(error.message).toMatch(one.says);
    // What never rejects: a report of a failure is logged and does not stop the one who reports.
    await expect(client.registerComputerPartition('COMP-1', 'slappart0').error('x')).resolves.toBeUndefined();
  });
});

describe('a master that behaves', () => {
  const status = (client: SlapClient) => client.registerComputer('COMP-1').getStatus();

  test.each([0, 100, 400])('after %i ms', async (delayMs) => {
    await using master = await startMisbehaving(
      (socket) => void setTimeout(() => socket.write(httpAnswer(200, STATUS_DOCUMENT)), delayMs),
    );
    await using client = new SlapClient({ masterUrl: `http://127.0.0.1:${String(master.port)}` });
    expect(await status(client)).toEqual({ text: '#ok' });
  });

  test('is trusted by the CA file, and connections are kept', async () => {
    await using master = await startMisbehaving(send(httpAnswer(200, STATUS_DOCUMENT)), { tls: good });
    await using client = new SlapClient({ masterUrl: `https://127.0.0.1:${String(master.port)}`, ...trusting() });
    for (let call = 0; call < 5; call += 1) expect(await status(client)).toEqual({ text: '#ok' });
    expect(master.requests).toBe(5);
    // A second one is opened when the first is not yet free again at that very moment.
    expect(master.connections).toBeLessThanOrEqual(2);
  });

  test('without a certificate that holds is reached only when told so, and the log says it', async () => {
    await using master = await startMisbehaving(send(httpAnswer(200, STATUS_DOCUMENT)), { tls: expired });
    const logger = new RecordingLogger();
    await using client = new SlapClient({
      masterUrl: `https://127.0.0.1:${String(master.port)}`,
      insecure: true,
      logger,
    });
    expect(await status(client)).toEqual({ text: '#ok' });
    const warnings = logger.records.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(warnings).toEqual([expect.stringMatching(/not verified/)]);
  });

  test('sees the certificate of each client, never that of another', async () => {
    const names: string[] = [];
    const behaviour: Behaviour = (socket) => {
      const { subject } = (
        socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }
      ).getPeerCertificate();
      names.push(subject.CN);
      socket.write(httpAnswer(200, STATUS_DOCUMENT));
    };
    await using master = await startMisbehaving(behaviour, {
      tls: { ...good, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
    });
    const masterUrl = `https://127.0.0.1:${String(master.port)}`;
    await using one = new SlapClient({
      masterUrl,
      ...trusting(),
      certFile: clientOne.certFile,
      keyFile: clientOne.keyFile,
    });
    await using two = new SlapClient({
      masterUrl,
      ...trusting(),
      certFile: clientTwo.certFile,
      keyFile: clientTwo.keyFile,
    });
    for (const client of [one, two, one, two]) await status(client);
    expect(names).toEqual(['client-one', 'client-two', 'client-one', 'client-two']);
    expect(master.connections).toBe(2);
  });

  test('is asked again when a call that may be repeated failed, and not when another did', async () => {
    await using master = await startMisbehaving((socket, count) => {
      if (count === 1) socket.destroy();
      else if (count === 2) socket.write(httpAnswer(503, ''));
      else socket.write(httpAnswer(200, STATUS_DOCUMENT));
    });
    await using client = new SlapClient({ masterUrl: `http://127.0.0.1:${String(master.port)}` });
    const heard: MasterRequest[] = [];
    const unwatch = client.onRequest((request) => heard.push(request));
    expect(await status(client)).toEqual({ text: '#ok' });
    expect(master.requests).toBe(3);
    // One call, however often it was sent; nothing of the query.
    expect(heard).toEqual([
      {
        method: 'GET',
        path: expect.not.stringContaining('?') as string,
        status: 200,
        durationMs: expect.any(Number) as number,
      },
    ]);
    unwatch();
    await status(client);
    expect(heard).toHaveLength(1);

    await using failing = await startMisbehaving((socket) => socket.destroy());
    await using other = new SlapClient({ masterUrl: `http://127.0.0.1:${String(failing.port)}` });
    other.onRequest((request) => heard.push(request));
    await expect(other.registerComputer('COMP-1').bang('x')).rejects.toThrow(/Cannot reach/);
    expect(heard[1]).toEqual({
      method: 'POST',
      path: '/computerBang',
      message: expect.stringContaining('Cannot reach') as string,
      durationMs: expect.any(Number) as number,
    });
    expect(failing.requests).toBe(1);
    const request = { softwareReleaseUrl: 'x', partitionReference: 'y' };
    await expect(other.registerOpenOrder().request(request)).rejects.toThrow(/Cannot reach/);
    expect(failing.requests).toBe(4);
  });

  test('is let alone at once when the caller gives up', async () => {
    await using master = await startMisbehaving(() => {});
    await using client = new SlapClient({ masterUrl: `http://127.0.0.1:${String(master.port)}` });
    const controller = new AbortController();
    const pending = client.registerComputer('COMP-1').getStatus({ signal: controller.signal });
    controller.abort(new Error('changed my mind'));
    await expect(pending).rejects.toThrow('changed my mind');
  });

  test('compresses', async () => {
    const body = gzipSync(STATUS_DOCUMENT);
    await using master = await startMisbehaving(send(httpAnswer(200, body, { 'content-encoding': 'gzip' })));
    await using client = new SlapClient({ masterUrl: `http://127.0.0.1:${String(master.port)}` });
    expect(await status(client)).toEqual({ text: '#ok' });
  });

  test('redirects within itself; a POST becomes a GET, as with Python', async () => {
    const seen: string[] = [];
    await using master = await startMisbehaving((socket, count, head) => {
      seen.push(head.split(' HTTP')[0] ?? '');
      socket.write(count === 1 ? httpAnswer(302, '', { location: '/b' }) : httpAnswer(200, 'done'));
    });
    await using client = new SlapClient({ masterUrl: `http://127.0.0.1:${String(master.port)}/a` });
    await client.registerComputer('COMP-1').bang('x');
    expect(seen).toEqual(['POST /a/computerBang', 'GET /b']);
  });

  test('is asked with a user and password, which no message shows', async () => {
    let authorization = '';
    await using master = await startMisbehaving((socket, _count, head) => {
      authorization = /authorization: (.*)/i.exec(head)?.[1] ?? '';
      socket.write(httpAnswer(500, ''));
    });
    await using client = new SlapClient({
      masterUrl: `http://user:s%20ecret@127.0.0.1:${String(master.port)}`,
      retries: 0,
    });
    const error: unknown = await status(client).catch((thrown: unknown) => thrown);
    expect(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()).toBe('user:s ecret');
    expect(String(error)).not.toContain('ecret');
  });

  test('is reached through a proxy', async () => {
    await using proxy = await startMisbehaving((socket, count, head) => {
      if (count === 1) {
        expect(head).toMatch(/^CONNECT master\.invalid:80 /);
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
      } else socket.write(httpAnswer(200, STATUS_DOCUMENT));
    });
    await using client = new SlapClient({
      masterUrl: 'http://master.invalid/',
      proxyUrl: `http://127.0.0.1:${String(proxy.port)}`,
    });
    expect(await status(client)).toEqual({ text: '#ok' });
  });

  test('says that nothing changed, and the last answer is given again', async () => {
    const document =
      '<marshal><object id="i2" module="slapos.slap.slap" class="Computer"><tuple><string>COMP-1</string></tuple><dictionary id="i3"><string>_computer_id</string><string>COMP-1</string><string>_computer_partition_list</string><list id="i4"/><string>_software_release_list</string><list id="i5"/></dictionary></object></marshal>';
    const tags: (string | undefined)[] = [];
    await using master = await startMisbehaving((socket, _count, head) => {
      const tag = /if-none-match: (.*)/i.exec(head)?.[1];
      tags.push(tag);
      socket.write(tag === '"v1"' ? 'HTTP/1.1 304 Not Modified\r\n\r\n' : httpAnswer(200, document, { etag: '"v1"' }));
    });
    await using client = new SlapClient({ masterUrl: `http://127.0.0.1:${String(master.port)}` });
    const first = await client.registerComputer('COMP-1').fetchInformation();
    expect(first).toEqual({ computerId: 'COMP-1', softwareReleases: [], partitions: [] });
    expect(await client.registerComputer('COMP-1').fetchInformation()).toBe(first);
    expect(tags).toEqual([undefined, '"v1"']);
  });
});
