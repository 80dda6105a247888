import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';

import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';

import { readDeclarativeCheck } from '../src/index.js';
import { TestPartition } from './support.js';

const partition = new TestPartition('decl');
const server = http.createServer((request, response) => {
  if (request.url === '/slow') return; // never answers
  response.statusCode = request.url === '/broken' ? 500 : 200;
  response.end('all is well');
});
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve);
});
const { port } = server.address() as AddressInfo;
const url = `http://127.0.0.1:${String(port)}`;

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await partition[Symbol.asyncDispose]();
});
beforeEach(() => partition.reset());
afterEach(() => partition.clear());

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const listener = net.createServer();
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve);
  });
  const found = (listener.address() as AddressInfo).port;
  await new Promise((resolve) => listener.close(resolve));
  return found;
}

const add = (name: string, definition: unknown): void =>
  partition.add('plugin', `${name}.json`, JSON.stringify(definition), 0o644);

describe('declarative checks', () => {
  test('pass, or say what they found and what was expected', async () => {
    const closed = await freePort();
    const child = spawn('sleep', ['1001'], partition.user === undefined ? {} : { uid: partition.user.uid });
    fs.mkdirSync(path.join(partition.path, 'var'));
    fs.writeFileSync(path.join(partition.path, 'var', 'good.pid'), String(child.pid));
    fs.writeFileSync(path.join(partition.path, 'var', 'bad.pid'), 'no number');
    fs.writeFileSync(path.join(partition.path, 'var', 'state'), 'ready\n');
    const cases: readonly (readonly [definition: object, failure: string | undefined])[] = [
      [{ check: 'http', url }, undefined],
      [{ check: 'http', url, contains: 'well', expectedStatus: 200 }, undefined],
      [{ check: 'http', url, contains: 'ill' }, 'the answer does not contain "ill"'],
      [{ check: 'http', url: `${url}/broken` }, 'status 500, expected one from 200 to 399'],
      [{ check: 'http', url: `${url}/slow`, timeoutSeconds: 0.3 }, 'no answer within 0.3 seconds'],
      [{ check: 'http', url: `http://127.0.0.1:${String(closed)}` }, 'ECONNREFUSED'],
      [{ check: 'tcp', host: '127.0.0.1', port }, undefined],
      [{ check: 'tcp', host: '127.0.0.1', port: closed }, 'ECONNREFUSED'],
      [{ check: 'tcp', socketPath: 'var/none.sock' }, 'ENOENT'],
      [{ check: 'tls', host: '127.0.0.1', port, timeoutSeconds: 5 }, 'wrong version number'],
      [{ check: 'file', path: 'var/state', contains: 'ready' }, undefined],
      [{ check: 'file', path: 'var/state', minimumBytes: 7 }, '6 bytes, expected at least 7'],
      [{ check: 'file', path: 'var/none' }, 'does not exist'],
      [{ check: 'file', path: 'var/none', exists: false }, undefined],
      [{ check: 'command', command: ['sh', '-c', 'echo out; echo err >&2'] }, undefined],
      [{ check: 'command', command: ['sh', '-c', 'exit 3'] }, 'status 3, expected 0'],
      [{ check: 'command', command: ['sleep', '1002'], timeoutSeconds: 0.3 }, 'no answer within 0.3 seconds'],
      [{ check: 'command', command: ['no-such-program'] }, 'ENOENT'],
      [{ check: 'disk', minimumFreeBytes: 1 }, undefined],
      [{ check: 'disk', minimumFreePercent: 100 }, '% free, expected at least 100 %'],
      [{ check: 'process', pidFile: 'var/good.pid' }, undefined],
      [{ check: 'process', pidFile: 'var/good.pid', commandLine: 'httpd' }, 'is not "httpd"'],
      [{ check: 'process', pidFile: 'var/bad.pid' }, 'holds no process id'],
      [{ check: 'process', commandLine: 'sleep 1001' }, undefined],
      [{ check: 'process', commandLine: 'no such program' }, '0 processes with'],
    ];
    try {
      for (const [index, [definition]] of cases.entries()) add(`c${String(index).padStart(2, '0')}`, definition);
      const { results } = await partition.run();
      expect(results).toHaveLength(cases.length);
      for (const [index, [definition, failure]] of cases.entries()) {
        const result = results[index];
        expect([definition, result?.failed, result?.message]).toEqual([
          definition,
          failure !== undefined,
          expect.stringContaining(failure ?? ''),
        ]);
      }
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('keep the same files as other promises', async () => {
    add('state', { check: 'file', path: 'etc', periodicity: 5, modes: ['test'] });
    await partition.run();
    expect(JSON.parse(partition.readState('cache', 'state'))).toMatchObject({
      periodicity: 5,
      is_tested: true,
      is_anomaly_detected: false,
      module_file: `${partition.path}/etc/plugin/state.json`,
    });
    expect(partition.mask(partition.readState('log', 'state.log'))).toMatch(
      /^DATE - INFO - RUN - \/srv\/slapgrid\/slappart0\/etc: \d+ bytes\n$/,
    );
    expect(JSON.parse(partition.readState('result', 'state.status.json'))).toMatchObject({
      title: 'state',
      name: 'state.json',
      result: { type: 'Test Result', failed: false },
    });
    expect((await partition.run({ checkAnomaly: true })).results).toEqual([]);
  });

  test('fail after so many failures in a row, and when they flap', async () => {
    const rule = { failureAmount: 2, consecutive: true };
    add('patient', { check: 'file', path: 'var', test: rule });
    add('flapping', { check: 'file', path: 'var', test: { ...rule, flapping: { runs: 4, changes: 3 } } });
    const verdicts = async (): Promise<unknown> =>
      Object.fromEntries((await partition.run()).results.map(({ title, failed }) => [title, failed]));
    const folder = path.join(partition.path, 'var');
    expect(await verdicts()).toEqual({ patient: false, flapping: false });
    fs.mkdirSync(folder);
    expect(await verdicts()).toEqual({ patient: false, flapping: false });
    fs.rmdirSync(folder);
    expect(await verdicts()).toEqual({ patient: false, flapping: false });
    fs.mkdirSync(folder);
    expect(await verdicts()).toEqual({ patient: false, flapping: true });
    fs.rmdirSync(folder);
    expect(await verdicts()).toEqual({ patient: false, flapping: true });
    expect(await verdicts()).toEqual({ patient: true, flapping: true });
  });

  test('that are invalid fail, and the log names the key', async () => {
    add('wrong', { check: 'http', url, expectedStatsu: 200 });
    expect((await partition.run()).firstFailure).toEqual({
      name: 'wrong.json',
      message: 'Error: No output returned by the promise',
    });
    expect(JSON.stringify(partition.logger.records)).toContain('expectedStatsu');
  });
});

test.each([
  ['{', 'is not JSON'],
  ['[]', 'expected object'],
  ['{"check": "ping"}', '"check"'],
  ['{"check": "tcp", "host": "a"}', 'needs either "host" and "port", or "socketPath"'],
  ['{"check": "tcp", "host": "a", "port": 70000}', '"port"'],
  ['{"check": "tls"}', 'needs either "host" and "port", or "certificateFile"'],
  ['{"check": "disk"}', 'needs "minimumFreeBytes"'],
  ['{"check": "process"}', 'needs "pidFile" or "commandLine"'],
  ['{"check": "http", "url": "file:///etc/passwd"}', '"url"'],
  ['{"check": "command", "command": "rm -rf"}', '"command"'],
  ['{"check": "file", "path": "a", "periodicity": 0}', '"periodicity"'],
])('%s is refused: %s', (text, problem) => {
  expect(readDeclarativeCheck(text)).toEqual({ problem: expect.stringContaining(problem) as string });
});
