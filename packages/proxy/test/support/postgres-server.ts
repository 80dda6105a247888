import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { execa } from 'execa';
import pg from 'pg';
import { vi } from 'vitest';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
/** The server refuses to run as root; Debian's package makes this user. */
const SERVER_USER = 'postgres';
const START_TIMEOUT_MS = 30_000;

/** A PostgreSQL server of its own, on a Unix socket in a folder that is gone after the test. */
export interface PostgresServer extends AsyncDisposable {
  /** Makes an empty database and gives its URI. */
  createDatabase(name: string): Promise<string>;
  /** Ends all its processes at once, as a crash does, and starts it again on what they left. */
  crash(): Promise<void>;
}

/** Makes a cluster with Debian's `initdb` and starts it. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'slapos-postgres-'));
  const owner = await serverUser();
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const bin = programFolder();
  const asOwner = { cwd: folder, ...(owner ?? {}) };
  await execa(join(bin, 'initdb'), ['-D', data, '-U', SERVER_USER, '--auth=trust', '--no-sync', '-E', 'UTF8'], asOwner);
  let server = await run(bin, data, folder, asOwner);
  const uri = (database: string) => `postgresql://${SERVER_USER}@/${database}?host=${encodeURIComponent(folder)}`;
  return {
    async createDatabase(name) {
      const client = new pg.Client(uri('postgres'));
      await client.connect();
      await client.query(`CREATE DATABASE "${name}"`);
      await client.end();
      return uri(name);
    },
    async crash() {
      const ended = once(server, 'exit');
      server.kill('SIGQUIT');
      await ended;
      server = await run(bin, data, folder, asOwner);
    },
    async [Symbol.asyncDispose]() {
      // At once; what it holds is not needed any more.
      const ended = once(server, 'exit');
      server.kill('SIGQUIT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function run(bin: string, data: string, folder: string, options: SpawnOptions) {
  const settings = ['listen_addresses=', `unix_socket_directories=${folder}`, 'fsync=off', 'max_connections=100'];
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
    ...options,
    stdio: 'ignore',
  });
  const ask = async () => {
    const client = new pg.Client(`postgresql://${SERVER_USER}@/postgres?host=${encodeURIComponent(folder)}`);
    await client.connect();
    await client.end();
  };
  await vi.waitFor(ask, { timeout: START_TIMEOUT_MS, interval: 50 });
  return server;
}

function programFolder(): string {
  const version = readdirSync(DEBIAN_FOLDER).toSorted((one, other) => Number(other) - Number(one))[0];
  if (version === undefined) throw new Error(`no PostgreSQL in ${DEBIAN_FOLDER}: apt-get install postgresql`);
  return join(DEBIAN_FOLDER, version, 'bin');
}

async function serverUser(): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { stdout } = await execa('getent', ['passwd', SERVER_USER]);
  const [, , uid, gid] = stdout.split(':').map(Number);
  return { uid: uid!, gid: gid! };
}
