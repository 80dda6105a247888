import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { createProxy, type Proxy } from '@slapos/proxy';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

const PATIENCE = { timeout: 30_000, interval: 50 };

let folder: string;
let proxy: Proxy;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-run-'));
  proxy = await createProxy({ databasePath: path.join(folder, 'proxy.db'), computerId: 'COMP-7' });
  ({ url } = await proxy.listen({ host: '127.0.0.1', port: 0 }));
  for (const name of ['inst', 'soft']) await mkdir(at(name));
  await configure();
});

afterEach(async () => {
  await proxy.close();
  await rm(folder, { recursive: true });
});

function at(...names: string[]): string {
  return path.join(folder, ...names);
}

async function configure(daemon = '', format = ''): Promise<void> {
  await writeFile(
    at('slapos.cfg'),
    `[slapos]
computer_id = COMP-7
master_url = ${url}
root_check = false
instance_root = ${at('inst')}
software_root = ${at('soft')}
pidfile_software = ${at('software.pid')}
pidfile_instance = ${at('instance.pid')}
pidfile_report = ${at('report.pid')}
forbid_supervisord_automatic_launch = true
${format}
[daemon]
report_period = never
collect_period = never
${daemon}
`,
  );
}

const FORMAT = `
[slapformat]
computer_xml = /nonexistent/computer.xml
partition_amount = 1
partition_base_name = slappart
user_base_name = slapuser
tap_base_name = slaptap
alter_user = False
alter_network = False
create_tap = false
interface_name = lo
ipv4_local_network = 10.0.0.0/16
`;

/** Runs the daemon until the test is over. */
class Daemon implements AsyncDisposable {
  readonly socket = at('health.sock');
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  stderr = '';

  constructor(...words: string[]) {
    this.#child = spawn(
      process.execPath,
      [SLAPOS_BIN, 'node', 'run', '--cfg', at('slapos.cfg'), '--listen', `unix:${this.socket}`, ...words],
      { env: { PATH: process.env['PATH'], HOME: process.env['HOME'] }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#child.stderr?.setEncoding('utf8').on('data', (data: string) => (this.stderr += data));
    this.#ended = once(this.#child, 'close');
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async end(): Promise<number | null> {
    this.signal('SIGTERM');
    await this.#ended;
    return this.#child.exitCode;
  }

  async get(place: string): Promise<string> {
    const asked = request({ socketPath: this.socket, path: place }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return text(answer);
  }

  /** How often a pass has ended in a way. */
  async runs(pass: string, outcome: string): Promise<number> {
    const { passes } = JSON.parse(await this.get('/healthz')) as {
      passes: { name: string; runs: Record<string, number> }[];
    };
    return passes.find(({ name }) => name === pass)?.runs[outcome] ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** How many follow the events of the master. */
async function followers(): Promise<number> {
  const metrics = await (await proxy.fetch(new Request('http://localhost/metrics'))).text();
  return Number(/^slapos_proxy_event_followers (\d+)$/m.exec(metrics)?.[1]);
}

describe('slapos node run', () => {
  it('runs the passes again and again, tells how they are, reads its file again, and ends when it is told to', async () => {
    await configure('software_period = never\ninstance_period = 1s');
    await using daemon = new Daemon();
    await vi.waitFor(async () => expect(await daemon.runs('instance', 'success')).toBeGreaterThan(1), PATIENCE);
    expect(await daemon.get('/metrics')).toMatch(/^slapos_pass_runs_total\{pass="instance",outcome="success"\} \d+$/m);
    expect(await daemon.get('/metrics')).not.toContain('pass="software"');
    await configure('software_period = 1h\ninstance_period = 1h');
    daemon.signal('SIGHUP');
    await vi.waitFor(async () => expect(await daemon.runs('software', 'success')).toBe(1), PATIENCE);
    // A file that cannot be used changes nothing.
    await configure('instance_period = often');
    daemon.signal('SIGHUP');
    await vi.waitFor(() => expect(daemon.stderr).toContain('everything stays as it was'), PATIENCE);
    expect(daemon.stderr).toContain('expected a time such as 60s, 5m, 1h or 1d, or never');
    expect(await daemon.runs('software', 'success')).toBe(1);
    expect(await daemon.end()).toBe(0);
    expect(existsSync(at('instance.pid'))).toBe(false);
    expect(existsSync(daemon.socket)).toBe(false);
  });

  it('begins a pass when the master tells of a change, also after the master was away', async () => {
    await configure('software_period = 1h\ninstance_period = 1h');
    await proxy.seed({ computers: { 'COMP-7': { partitions: 1 }, other: { partitions: 1 } } });
    await using daemon = new Daemon();
    await vi.waitFor(async () => expect(await daemon.runs('software', 'success')).toBe(1), PATIENCE);
    await vi.waitFor(async () => expect(await followers()).toBe(1), PATIENCE);
    // Another computer is no matter of this node; what follows is.
    await proxy.seed({ software: [{ softwareReleaseUrl: '/nowhere.cfg', computerId: 'other' }] });
    await proxy.seed({ software: [{ softwareReleaseUrl: at('gone.cfg'), requestedState: 'destroyed' }] });
    await vi.waitFor(async () => expect(await daemon.runs('software', 'success')).toBe(2), PATIENCE);
    const port = Number(new URL(url).port);
    await proxy.close();
    proxy = await createProxy({ databasePath: at('proxy.db'), computerId: 'COMP-7' });
    await proxy.seed({ software: [{ softwareReleaseUrl: at('gone.cfg'), requestedState: 'destroyed' }] });
    await proxy.listen({ host: '127.0.0.1', port });
    await vi.waitFor(async () => expect(await daemon.runs('software', 'success')).toBe(3), PATIENCE);
    expect(await daemon.end()).toBe(0);
  });

  it('says that the master is away, and leaves its lock to a command that somebody types', async () => {
    await proxy.close();
    await configure('instance_period = 1h');
    await using daemon = new Daemon('--software-period', '1h');
    await vi.waitFor(async () => expect(await daemon.runs('software', 'offline')).toBe(1), PATIENCE);
    await vi.waitFor(
      () => expect(daemon.stderr).toContain('The master cannot be used: the next software pass is in'),
      PATIENCE,
    );
    expect((await runSlapos(['node', 'software', '--cfg', at('slapos.cfg')])).exitCode).toBe(1);
    await daemon.end();
  });

  it.each([
    [['--instance-period', 'often'], '--instance-period = "often"'],
    [['--listen', '0.0.0.0:9000'], 'expected unix:/PATH or an address of this machine itself'],
    [['--software-period', 'never', '--instance-period', 'never'], 'There is nothing to run'],
  ])('refuses %j', async (words, message) => {
    const { exitCode, stderr } = await runSlapos(['node', 'run', '--cfg', at('slapos.cfg'), ...words]);
    expect({ exitCode, named: stderr.includes(message) }, stderr).toEqual({ exitCode: 1, named: true });
  });
});

describe('slapos node boot', () => {
  it('waits for the interface, and can be told to end', async () => {
    await configure('', FORMAT.replace('/nonexistent/computer.xml', at('computer.xml')).replace('= lo', '= nosuch0'));
    const child = spawn(process.execPath, [SLAPOS_BIN, 'node', 'boot', '--cfg', at('slapos.cfg')], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (data: string) => (stderr += data));
    const ended = once(child, 'close');
    await vi.waitFor(() => expect(stderr).toContain("[BOOT] No IPv6 found on interface 'nosuch0'"), PATIENCE);
    child.kill('SIGTERM');
    await ended;
    expect(child.exitCode).toBe(130);
    expect(existsSync(at('computer.xml'))).toBe(false);
  });
});
