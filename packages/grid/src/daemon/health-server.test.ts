import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ScheduledPassStatus } from './daemon.js';
import { openHealthServer, readHealthAddress } from './health-server.js';

const RUNS = { success: 3, failure: 1, 'promise-failure': 0, offline: 0, busy: 0 };

function aStatus(fields: Partial<ScheduledPassStatus> = {}): ScheduledPassStatus {
  return { name: 'instance', periodMs: 60_000, runs: RUNS, failuresInARow: 0, ...fields };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'health-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('readHealthAddress', () => {
  it.each([
    ['unix:/run/x.sock', { socketPath: '/run/x.sock' }],
    ['127.0.0.1:9150', { host: '127.0.0.1', port: 9150 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['localhost:9150', { host: 'localhost', port: 9150 }],
  ])('takes %s', (typed, address) => {
    expect(readHealthAddress(typed)).toEqual(address);
  });

  it.each(['0.0.0.0:9150', '[::]:9150', '192.0.2.1:80', 'unix:relative', '127.0.0.1', '127.0.0.1:70000', ''])(
    'refuses %j, since everybody could ask',
    (typed) => {
      expect(() => readHealthAddress(typed)).toThrow('expected unix:/PATH or an address of this machine itself');
    },
  );
});

describe('openHealthServer', () => {
  it('tells the state of the passes and their numbers', async () => {
    let passes = [aStatus({ lastOutcome: 'success', lastDurationMs: 1500, lastSuccessAtMs: 5000 })];
    await using server = await openHealthServer({ host: '127.0.0.1', port: 0 }, () => passes);
    const healthy = await fetch(`${server.address}/healthz`);
    expect(healthy.status).toBe(200);
    expect(await healthy.json()).toMatchObject({ status: 'ok', passes: [{ name: 'instance', lastDurationMs: 1500 }] });
    const metrics = await (await fetch(`${server.address}/metrics`)).text();
    expect(metrics).toContain(`# TYPE slapos_pass_runs_total counter
slapos_pass_runs_total{pass="instance",outcome="success"} 3
slapos_pass_runs_total{pass="instance",outcome="failure"} 1
`);
    expect(metrics).toContain('\nslapos_pass_last_duration_seconds{pass="instance"} 1.5\n');
    expect(metrics).toMatch(/\nprocess_resident_memory_bytes \d{7,}\n$/);
    passes = [aStatus({ failuresInARow: 3, lastOutcome: 'offline' })];
    expect((await fetch(`${server.address}/healthz`)).status).toBe(503);
    passes = [aStatus({ failuresInARow: 9, lastOutcome: 'promise-failure' })];
    expect((await fetch(`${server.address}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.address}/`)).status).toBe(404);
    expect((await fetch(`${server.address}/healthz`, { method: 'POST' })).status).toBe(405);
  });

  it('listens on a socket of its own user, in the place of one that nobody answers on', async () => {
    const socketPath = path.join(folder, 's');
    // Another process leaves one behind: it ends without removing it.
    const program = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await once(spawn(process.execPath, ['-e', program]), 'close');
    expect(existsSync(socketPath)).toBe(true);
    await using server = await openHealthServer({ socketPath }, () => [aStatus()]);
    expect(server.address).toBe(`unix:${socketPath}`);
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    const asked = request({ socketPath, path: '/healthz' }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect(JSON.parse(await text(answer))).toMatchObject({ status: 'ok' });
  });

  it('takes the place of nobody who answers, and of no file', async () => {
    const socketPath = path.join(folder, 's');
    const other = createServer().listen(socketPath);
    await once(other, 'listening');
    await expect(openHealthServer({ socketPath }, () => [])).rejects.toMatchObject({ code: 'GRID_INVALID_OPTIONS' });
    other.close();
    const file = path.join(folder, 'f');
    await writeFile(file, 'kept');
    await expect(openHealthServer({ socketPath: file }, () => [])).rejects.toThrow(`unix:${file}`);
    expect(await readFile(file, 'utf8')).toBe('kept');
  });
});
