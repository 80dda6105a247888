import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { createLinuxHost, type Clock, type UserIdentity } from '@slapos/host';
import { RecordingLogger } from '@slapos/host/testing';

import { runPromises, type PromiseReport, type RunPromisesOptions } from '../src/index.js';

export const FIXTURES = path.join(import.meta.dirname, 'fixtures');

/** A partition for one test file, of a real user when we are root. */
export class TestPartition implements AsyncDisposable {
  readonly host = createLinuxHost();
  readonly user: UserIdentity | undefined;
  logger = new RecordingLogger();
  /** What the master was asked. */
  bangs: string[] = [];
  root = '';
  path = '';

  constructor(label: string) {
    this.user = this.host.isRoot ? makeUser(`slp${label}${String(process.pid)}`) : undefined;
  }

  /** A fresh, empty partition. */
  reset(): void {
    this.clear();
    this.root = fs.mkdtempSync(path.join(os.tmpdir(), 'promise-'));
    fs.chmodSync(this.root, 0o755);
    this.path = path.join(this.root, 'slappart0');
    for (const name of ['promise', 'plugin']) fs.mkdirSync(path.join(this.path, 'etc', name), { recursive: true });
    fs.chmodSync(this.path, 0o750);
    this.giveAway();
    this.logger = new RecordingLogger();
    this.bangs = [];
  }

  clear(): void {
    if (this.root !== '') fs.rmSync(this.root, { recursive: true, force: true });
  }

  giveAway(): void {
    const { user } = this;
    if (user !== undefined) execFileSync('chown', ['-R', `${String(user.uid)}:${String(user.gid)}`, this.path]);
  }

  add(kind: 'promise' | 'plugin', name: string, text: string, mode = 0o755): void {
    fs.writeFileSync(path.join(this.path, 'etc', kind, name), text, { mode });
    this.giveAway();
  }

  run(options: Partial<RunPromisesOptions> = {}, clock: Clock = this.host.clock): Promise<PromiseReport> {
    return runPromises(
      {
        partitionPath: this.path,
        partitionId: 'slappart0',
        computerId: 'COMP-1',
        force: true,
        checkAnomaly: false,
        ...(this.user === undefined ? {} : { user: this.user }),
        ...options,
      },
      {
        host: { ...this.host, clock },
        logger: this.logger,
        bang: async (message) => void this.bangs.push(message),
      },
    );
  }

  state(...names: string[]): string {
    return path.join(this.path, '.slapgrid', 'promise', ...names);
  }

  readState(...names: string[]): string {
    return fs.readFileSync(this.state(...names), 'utf8');
  }

  /** Text without what differs from run to run, and without the place of the partition. */
  mask(text: string): string {
    return text
      .replaceAll(this.path, '/srv/slapgrid/slappart0')
      .replace(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d/g, 'DATE')
      .replace(/\d+-\d{3} /g, 'RUN ')
      .replace(/"execution-time": [\d.]+/, '"execution-time": T')
      .replace(/^(home|uid)=.*$/gm, '$1=')
      .replace(/\\n(home|uid)=[^\\"]*/g, '\\n$1=');
  }

  /** The results and logs whose names match, masked. */
  masked(folder: string, names: RegExp): Record<string, string> {
    const read = (kind: string): [string, string][] =>
      fs
        .readdirSync(path.join(folder, kind))
        .filter((name) => names.test(name))
        .sort()
        .map((name) => [`${kind}/${name}`, this.mask(fs.readFileSync(path.join(folder, kind, name), 'utf8'))]);
    return Object.fromEntries([...read('result'), ...read('log')]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.clear();
    if (this.user !== undefined) execFileSync('userdel', [this.user.name], { stdio: 'ignore' });
    await this.host[Symbol.asyncDispose]();
  }
}

function makeUser(name: string): UserIdentity {
  execFileSync('useradd', ['-r', '-U', '-d', '/nonexistent', '-s', '/bin/sh', name]);
  const [, , uid, gid] = execFileSync('getent', ['passwd', name], { encoding: 'utf8' }).split(':');
  return { name, home: '/nonexistent', uid: Number(uid), gid: Number(gid) };
}
