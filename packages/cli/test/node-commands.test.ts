import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { createProxy, type Proxy } from '@slapos/proxy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messages, type Outcome, runSlapos } from './support/run-slapos.js';

let folder: string;
let proxy: Proxy;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-cli-'));
  proxy = await createProxy({ databasePath: path.join(folder, 'proxy.db'), computerId: 'COMP-7' });
  await proxy.seed({
    computers: { 'COMP-7': { partitions: 1 } },
    instances: [{ partitionReference: 'web', softwareReleaseUrl: '/software.cfg' }],
  });
  ({ url } = await proxy.listen({ host: '127.0.0.1', port: 0 }));
  await configure();
});

afterEach(async () => {
  await proxy.close();
  await rm(folder, { recursive: true });
});

function at(...names: string[]): string {
  return path.join(folder, ...names);
}

async function configure(lines = ''): Promise<void> {
  await writeFile(
    at('slapos.cfg'),
    `[slapos]
computer_id = COMP-7
master_url = ${url}
root_check = false
instance_root = ${at('inst')}
software_root = ${at('soft')}
pidfile_software = ${at('software.pid')}
${lines}
[slapproxy]
database_uri = ${at('proxy.db')}
`,
  );
}

function slapos(...words: string[]): Promise<Outcome> {
  return runSlapos([...words, '--cfg', at('slapos.cfg')]);
}

describe('slapos node bang', () => {
  it('posts the computer and the message', async () => {
    // The mini-master does nothing about a bang of a computer, so a server of our own looks at what is sent.
    const posted: string[] = [];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        posted.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
        response.end('<marshal><string></string></marshal>');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await configure();
    const { exitCode, stdout } = await slapos('node', 'bang', '-m', 'Reboot');
    server.close();
    expect(stdout).toBe(`Banging to '${url}'\nBang with message 'Reboot'\n`);
    expect(exitCode).toBe(0);
    expect(posted).toEqual(['POST /computerBang computer_id=COMP-7&message=Reboot']);
  });

  it('without a message prints None, as it always has', async () => {
    expect((await slapos('node', 'bang')).stdout).toContain('\nBang with message None\n');
  });

  it('fails when nobody answers', async () => {
    await proxy.close();
    const { exitCode, stderr } = await slapos('node', 'bang');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(new URL(url).host);
  });
});

describe('slapos proxy show', () => {
  it('prints the chosen sections', async () => {
    const { exitCode, stdout, stderr } = await slapos('proxy', 'show', '--partitions', '--network');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(`Using database: ${at('proxy.db')}`);
    expect(stdout).toMatch(/^table partition17/m);
    expect(stdout).toMatch(/ slappart0 /);
    expect(stdout).toMatch(/^slappart0: 127\.0\.0\.1, ::1$/m);
    expect(stdout).not.toMatch(/^table software17/m);
  });

  it('says that there is no such database', async () => {
    const { exitCode, stderr } = await slapos('proxy', 'show', '-u', at('none.db'));
    expect(exitCode).toBe(1);
    expect(stderr).toContain(at('none.db'));
  });
});

describe('slapos node prune', () => {
  const USED = 'a'.repeat(32);
  const UNUSED = 'b'.repeat(32);

  beforeEach(async () => {
    for (const hash of [USED, UNUSED]) await mkdir(at('shared/zlib', hash), { recursive: true });
    await mkdir(at('soft/1'), { recursive: true });
    await mkdir(at('inst'));
    await writeFile(at('soft/1/.installed.cfg'), `location = ${at('shared/zlib', USED)}\n`);
    await configure(`shared_part_list =\n  /elsewhere\n  ${at('shared')}\n`);
  });

  it('removes what nothing uses, and only that', async () => {
    const dry = await slapos('node', 'prune', '--dry-run');
    expect(dry.exitCode).toBe(0);
    expect(messages(dry.stderr)).toContain(`Unused shared parts at ${at('shared/zlib', UNUSED)}\n`);
    expect(existsSync(at('shared/zlib', UNUSED))).toBe(true);
    const real = await slapos('node', 'prune');
    expect(real.exitCode).toBe(0);
    expect(messages(real.stderr)).toContain(`Unused shared parts at ${at('shared/zlib', UNUSED)} ... removed\n`);
    expect(existsSync(at('shared/zlib', UNUSED))).toBe(false);
    expect(existsSync(at('shared/zlib', USED))).toBe(true);
    // The lock is given back, so that the next one works too.
    expect((await slapos('node', 'prune')).exitCode).toBe(0);
  });

  it('respects another folder of software', async () => {
    await mkdir(at('more/1'), { recursive: true });
    await writeFile(at('more/1/.installed.cfg'), UNUSED);
    expect((await slapos('node', 'prune', '--additional-software-directory', at('more'))).exitCode).toBe(0);
    expect(existsSync(at('shared/zlib', UNUSED))).toBe(true);
  });

  it('refuses while the software pass has its lock file, stale or not', async () => {
    await writeFile(at('software.pid'), '1');
    const { exitCode, stderr } = await slapos('node', 'prune');
    expect(exitCode).toBe(255);
    expect(stderr).toContain('Cannot prune while software is running');
    expect(existsSync(at('shared/zlib', UNUSED))).toBe(true);
  });

  it('refuses without shared parts', async () => {
    await configure();
    const { exitCode, stderr } = await slapos('node', 'prune');
    expect(exitCode).toBe(255);
    expect(stderr).toContain('No shared_part_list options in slapos config');
  });
});
