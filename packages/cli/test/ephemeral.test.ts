import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

const RELEASE = 'https://example.org/software.cfg';
const START = ['proxy', 'start', '--ephemeral'];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-ephemeral-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('slapos proxy start --ephemeral', () => {
  it('says in one line, and in a file, where it is, and leaves nothing', async () => {
    const readyFile = path.join(folder, 'ready');
    const words = [...START, '--computer', 'local:4', '--computer', 'other:1', '--ready-file', readyFile];
    const child = spawn(process.execPath, [SLAPOS_BIN, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const ready = JSON.parse(line) as { readonly url: string };
      expect(ready).toEqual({ ready: true, url: ready.url, panel: `${ready.url}/`, pid: child.pid });
      expect(await readFile(readyFile, 'utf8')).toBe(`${line}\n`);
      const client = path.join(folder, 'client.cfg');
      await writeFile(client, `[slapos]\nmaster_url = ${ready.url}\n`);
      const { stdout } = await runSlapos(['computer', 'list', '--cfg', client]);
      expect(stdout).toBe('List of Computers:\nlocal local\nother other\n');
      await rm(client);
    } finally {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('runs a command with the master in its environment, and ends as it does', async () => {
    const [seed, record] = [path.join(folder, 'seed.yaml'), path.join(folder, 'record')];
    await writeFile(seed, `instances:\n  - {partitionReference: web, softwareReleaseUrl: '${RELEASE}'}\n`);
    const script = `"$1" "$2" service list -q; grep -c "$SLAPOS_MASTER_URL" "$SLAPOS_CLIENT_CONFIGURATION"; exit 7`;
    const command = ['--exec', 'sh', '-c', script, 'sh', process.execPath, SLAPOS_BIN];
    const words = [...START, '--computer', 'local:1', '--seed', seed, '--record', record, ...command];
    const { exitCode, stdout } = await runSlapos(words);
    expect(exitCode).toBe(7);
    expect(stdout).toBe(`{\n  "web": "${RELEASE}"\n}\n1\n`);
    const lines = (await readFile(record, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({
        method: 'GET',
        status: 200,
        url: expect.stringMatching(/\/getHateoasUrl$/) as unknown,
      }),
    );
    expect((await runSlapos([...START, '--exec', 'sh', '-c', 'kill -9 $$'])).exitCode).toBe(137);
  });

  it.each([
    [['--ephemeral', '--exec'], 2, 'argument --exec: expected a command'],
    [['--computer', 'local'], 2, 'needs --ephemeral'],
    [['--ephemeral', '--computer', ':4'], 2, 'expected ID or ID:PARTITIONS, found ":4"'],
    [['--ephemeral', '--seed', '/nowhere.yaml'], 1, '/nowhere.yaml cannot be read as YAML'],
    [['--ephemeral', '--database-uri', 'x.db'], 2, 'not allowed with'],
  ] as const)('refuses %j', async (words, code, message) => {
    const { exitCode, stderr } = await runSlapos(['proxy', 'start', ...words]);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });

  it('names a seed that it cannot hold', async () => {
    const seed = path.join(folder, 'seed.yaml');
    await writeFile(seed, 'instances: [{name: web}]\n');
    const { exitCode, stderr } = await runSlapos([...START, '--seed', seed]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${seed} does not say what the mini-master can hold.`);
    expect(stderr).toContain('partitionReference');
  });
});
