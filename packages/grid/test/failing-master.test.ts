import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { isSlapOSError } from '@slapos/host';
import { SlapClient, type SlapClientOptions } from '@slapos/slap';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { createSlapMaster, PASS_EXIT_CODES, softwareReleasePath } from '../src/index.js';
import {
  answerWell,
  type Failure,
  type FailingMaster,
  httpAnswer,
  startFailingMaster,
} from './support/failing-master.js';
import { Harness } from './support/harness.js';

const SERVICE = 'slappart0:web-on-watch';
const PATIENCE = { timeout: 30_000, interval: 50 };
const SHORT_MS = 150;
const OFFLINE = 3;
const ERROR = 1;

let harness: Harness;
let master: FailingMaster;
let tlsMaster: FailingMaster;
let certificateFile: string;
let timestamp = '1';
let servicePid: number | undefined;

beforeAll(async () => {
  harness = await Harness.create();
  const { node } = harness;
  // A release whose instances are one service; how it is built is none of this test's business.
  await mkdir(softwareReleasePath(node.softwareRoot, 'https://example.org/web/software.cfg'));
  await node.addPartition('slappart0');
  harness.ports = {
    ...harness.ports,
    builder: {
      ...harness.ports.builder,
      async instantiate({ directory }) {
        const services = path.join(directory, 'etc/service');
        await mkdir(services, { recursive: true });
        await writeFile(path.join(services, 'web'), '#!/bin/sh\nexec sleep 600\n');
        await chmod(path.join(services, 'web'), 0o755);
      },
    },
  };
  const keys = await mkdtemp(path.join(os.tmpdir(), 'sgm-'));
  const [key, certificate] = [path.join(keys, 'key'), path.join(node.directory, 'certificate')];
  const subject = ['-subj', '/CN=master', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await execa('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject],
    ...['-keyout', key, '-out', certificate],
  ]);
  certificateFile = certificate;
  const tls = { key: await readFile(key), cert: await readFile(certificate) };
  await rm(keys, { recursive: true });
  master = await startFailingMaster(() => timestamp);
  tlsMaster = await startFailingMaster(() => timestamp, tls);
  expect(await pass()).toBe(0);
  await vi.waitUntil(async () => (await harness.supervisor.processInfo(SERVICE))?.stateName === 'RUNNING', PATIENCE);
  servicePid = (await harness.supervisor.processInfo(SERVICE))?.pid;
});
afterAll(async () => {
  await master[Symbol.asyncDispose]();
  await tlsMaster[Symbol.asyncDispose]();
  await harness[Symbol.asyncDispose]();
});

/** A pass against this master; its exit code. */
async function pass(
  url = `http://127.0.0.1:${String(master.port)}/`,
  options: Partial<SlapClientOptions> = {},
): Promise<number> {
  await using client = new SlapClient({ masterUrl: url, retries: 0, timeoutMs: 5_000, ...options });
  const { ports } = harness;
  harness.ports = { ...ports, master: createSlapMaster(client, 'COMP-0') };
  try {
    return PASS_EXIT_CODES[(await harness.runInstance()).outcome];
  } catch (error) {
    if (!isSlapOSError(error)) throw error;
    return ERROR;
  } finally {
    harness.ports = ports;
  }
}

const send =
  (text: string): Failure =>
  (socket) =>
    void socket.write(text, 'latin1');
const end =
  (text: string): Failure =>
  (socket) =>
    void socket.end(text, 'latin1');
const trickle =
  (first: string, piece: string): Failure =>
  (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(piece), 20);
    socket.on('close', () => clearInterval(timer));
  };
const QUICK = { timeoutMs: SHORT_MS, totalTimeoutMs: 3 * SHORT_MS };

type Case = [
  name: string,
  exitCode: number,
  failure: Failure | { url: () => string },
  options?: () => Partial<SlapClientOptions>,
];

const FETCH: Case[] = [
  ['nobody listens', OFFLINE, { url: () => 'http://127.0.0.1:1/' }],
  ['its name is unknown', OFFLINE, { url: () => 'http://master.invalid/' }],
  ['its certificate is not trusted', OFFLINE, { url: () => `https://127.0.0.1:${String(tlsMaster.port)}/` }],
  [
    'its certificate is for another name',
    OFFLINE,
    { url: () => `https://localhost:${String(tlsMaster.port)}/` },
    () => ({ masterCaFile: certificateFile }),
  ],
  ['it speaks no TLS', OFFLINE, { url: () => `https://127.0.0.1:${String(master.port)}/` }],
  ['it speaks TLS only', OFFLINE, { url: () => `http://127.0.0.1:${String(tlsMaster.port)}/` }],
  ['it closes the connection', OFFLINE, (socket) => socket.end()],
  ['it resets the connection', OFFLINE, (socket) => socket.resetAndDestroy()],
  ['it never answers', OFFLINE, () => {}, () => QUICK],
  ['its head trickles', OFFLINE, trickle('HTTP/1.1 200 OK\r\nx-a: ', 'x'), () => QUICK],
  [
    'its body trickles',
    OFFLINE,
    trickle('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\nx\r\n'),
    () => QUICK,
  ],
  ['its body stops', OFFLINE, send('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n<marshal>'), () => QUICK],
  ['its body is cut', OFFLINE, end('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n<marshal>')],
  ['its chunks are cut', OFFLINE, end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n<marshal>\r\n')],
  ['its chunks are none', OFFLINE, send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n<marshal>\r\n')],
  ['it names two lengths', OFFLINE, end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef')],
  ['it speaks something else', OFFLINE, end('SSH-2.0-OpenSSH_9.2\r\n')],
  [
    'it redirects in a circle',
    OFFLINE,
    (socket, requested) => void socket.write(httpAnswer(302, '', { location: `/${requested}` })),
  ],
  ['it redirects to another host', OFFLINE, send(httpAnswer(302, '', { location: 'http://elsewhere.invalid/' }))],
  ...[400, 401, 402, 403, 405, 409, 410, 429, 500, 501, 502, 503, 504].map(
    (status): Case => [`it answers ${String(status)}`, OFFLINE, send(httpAnswer(status, 'sorry'))],
  ),
  ['it answers 404', ERROR, send(httpAnswer(404))],
  ['it answers 408', ERROR, send(httpAnswer(408))],
  ['it answers with a web page', ERROR, send(httpAnswer(200, '<!DOCTYPE html><html><body>Sign in</body></html>'))],
  ['it answers with nothing', ERROR, send(httpAnswer(200))],
  ['it answers with JSON', ERROR, send(httpAnswer(200, '{"partitions": []}'))],
  [
    'its document ends early',
    ERROR,
    (socket) => void socket.write(httpAnswer(200, '<marshal><object id="i2" module="slapos.slap.slap"')),
  ],
  ['it answers with another document', ERROR, send(httpAnswer(200, '<marshal><int>1</int></marshal>'))],
  [
    'its partition has a path for a name',
    ERROR,
    send(
      httpAnswer(
        200,
        '<marshal><object id="i2" module="slapos.slap.slap" class="Computer"><tuple/></object></marshal>',
      ),
    ),
  ],
];

/** The fetch works; the call in which the partition is reported does not. */
const REPORT: Case[] = [
  ['it closes the connection', OFFLINE, (socket) => socket.end()],
  ['it never answers', OFFLINE, () => {}, () => QUICK],
  ['it answers 500', OFFLINE, send(httpAnswer(500))],
  ['it answers 503', OFFLINE, send(httpAnswer(503))],
  ['it answers 403', OFFLINE, send(httpAnswer(403))],
  ['it answers 404', ERROR, send(httpAnswer(404))],
];

async function expectServiceUntouched(where: string): Promise<void> {
  const info = await harness.supervisor.processInfo(SERVICE);
  expect([info?.stateName, info?.pid], where).toEqual(['RUNNING', servicePid]);
}

test('there are at least forty ways to fail', () => {
  expect(FETCH.length + REPORT.length).toBeGreaterThanOrEqual(40);
});

test.each(FETCH)(
  'a master that cannot be asked, because %s: exit code %i, and the services run on',
  async (_name, exitCode, how, options) => {
    master.failure = typeof how === 'function' ? how : undefined;
    const url = typeof how === 'function' ? undefined : how.url();
    expect(await pass(url, options?.())).toBe(exitCode);
    await expectServiceUntouched('while it fails');
  },
);

test('a master that is back', async () => {
  master.failure = undefined;
  expect(await pass()).toBe(0);
  await expectServiceUntouched('when it is back');
});

test.each(REPORT)(
  'a master that cannot be told, because %s: exit code %i, the services run on, and it is told when it is back',
  async (_name, exitCode, how, options) => {
    timestamp = String(Number(timestamp) + 1);
    master.failure = (socket, requested) => {
      if (requested !== 'startedComputerPartition') answerWell(socket, requested, timestamp);
      else if (typeof how === 'function') how(socket, requested);
    };
    expect(await pass(undefined, options?.())).toBe(exitCode);
    await expectServiceUntouched('while it fails');
    master.failure = undefined;
    master.takePaths();
    expect(await pass()).toBe(0);
    expect(master.takePaths()).toContain('startedComputerPartition');
    expect(await readFile(path.join(harness.node.partition('slappart0'), '.timestamp'), 'utf8')).toBe(timestamp);
    await expectServiceUntouched('when it is back');
  },
);
