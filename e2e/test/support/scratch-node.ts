import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { waitFor } from './wait-for.js';

export const WORKSPACE_ROOT = path.resolve(import.meta.dirname, '../../..');
export const SLAPOS = path.join(WORKSPACE_ROOT, 'packages/cli/bin/run.js');
export const COMPUTER_ID = 'local_computer';
const CLIENT_COMMANDS = ['supply', 'remove', 'request', 'service', 'computer'];

/** How a command ended. */
export interface Outcome {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ScratchNodeOptions {
  readonly partitions?: number;
  /** Lines for `[slapos]`, after ours. */
  readonly slapos?: string;
  /** The file of the `slapos` command. Default: the built one of this clone. */
  readonly program?: string;
}

/**
 * A node with its own mini-master in a temporary folder, driven by nothing but the built `slapos` command.
 * As root its software and partitions belong to `nobody`, else to us.
 */
export class ScratchNode implements AsyncDisposable {
  readonly directory: string;
  readonly port: number;
  readonly #owner = process.geteuid?.() === 0 ? 'nobody' : os.userInfo().username;
  #proxy: ChildProcess | undefined;

  readonly #program: string;

  private constructor(directory: string, port: number, program: string) {
    this.directory = directory;
    this.port = port;
    this.#program = program;
  }

  static async create({
    partitions = 3,
    slapos = '',
    program = SLAPOS,
  }: ScratchNodeOptions = {}): Promise<ScratchNode> {
    const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), 'slapos-e2e-')));
    await chmod(directory, 0o755);
    const node = new ScratchNode(directory, await freePort(), program);
    await node.#writeConfiguration(partitions, slapos);
    return node;
  }

  /** A node that is formatted and whose mini-master runs. */
  static async createReady(options: ScratchNodeOptions = {}): Promise<ScratchNode> {
    const node = await ScratchNode.create(options);
    await node.startProxy();
    await node.expectSuccess('node', 'format', '--now');
    return node;
  }

  at(...names: string[]): string {
    return path.join(this.directory, ...names);
  }

  /** Runs a `slapos` command of either family with the configuration that it needs. */
  async slapos(...args: string[]): Promise<Outcome> {
    const { exitCode, stdout, stderr } = await execa(process.execPath, this.#commandLine(args), {
      reject: false,
      stdin: 'ignore',
    });
    return { exitCode, stdout, stderr };
  }

  /** Runs a command that must succeed, and gives what it printed on standard output. */
  async expectSuccess(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.slapos(...args);
    if (exitCode !== 0)
      throw new Error(`slapos ${args.join(' ')} ended with ${String(exitCode)}:\n${stdout}\n${stderr}`);
    return stdout;
  }

  /** Starts a command without waiting for it. */
  spawn(...args: string[]): ChildProcess {
    return spawn(process.execPath, this.#commandLine(args), { stdio: 'ignore' });
  }

  #commandLine(args: readonly string[]): string[] {
    const [family = ''] = args;
    const configuration = this.at(CLIENT_COMMANDS.includes(family) ? 'slapos-client.cfg' : 'slapos.cfg');
    // Behind the words of the command, before what belongs to a program that the command hands its arguments to.
    const words = args.findIndex((word) => word.startsWith('-') || !/^[a-z]+$/.test(word));
    const end = words === -1 ? args.length : words;
    const [head, tail] =
      args[1] === 'supervisorctl' ? [args.slice(0, 2), args.slice(2)] : [args.slice(0, end), args.slice(end)];
    return [this.#program, ...head, '--cfg', configuration, ...tail];
  }

  async startProxy(): Promise<void> {
    const log = await open(this.at('proxy.log'), 'w');
    const proxy = spawn(process.execPath, this.#commandLine(['proxy', 'start']), { stdio: ['ignore', log.fd, log.fd] });
    await log.close();
    this.#proxy = proxy;
    await waitFor('the mini-master to answer', async () => {
      if (proxy.exitCode !== null)
        throw new Error(`The mini-master ended:\n${await readFile(this.at('proxy.log'), 'utf8')}`);
      const response = await fetch(`http://127.0.0.1:${this.port}/getRunId`).catch(() => undefined);
      return response?.ok === true;
    });
  }

  async stopProxy(): Promise<void> {
    const proxy = this.#proxy;
    this.#proxy = undefined;
    if (proxy?.exitCode !== null || proxy.signalCode !== null) return;
    const exited = once(proxy, 'exit');
    proxy.kill('SIGTERM');
    await exited;
  }

  /** A copy of the example that this node can build; gives its URL. */
  async installRelease(name = 'hello-web'): Promise<string> {
    const tool = path.join(WORKSPACE_ROOT, 'tools/examples/install.mjs');
    const { stdout } = await execa(process.execPath, [tool, 'hello-web', this.at('releases', name)]);
    return stdout.trim();
  }

  /** Installs, supplies and builds the example. */
  async buildRelease(): Promise<string> {
    const url = await this.installRelease();
    await this.expectSuccess('supply', url, COMPUTER_ID);
    await this.expectSuccess('node', 'software');
    return url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdownSupervisor();
    await this.stopProxy();
    await rm(this.directory, { recursive: true, force: true });
  }

  async shutdownSupervisor(): Promise<void> {
    const pid = Number.parseInt(await readFile(this.at('inst/var/run/supervisord.pid'), 'utf8').catch(() => ''), 10);
    if (Number.isNaN(pid)) return;
    await this.slapos('node', 'supervisorctl', 'shutdown');
    await waitFor('the supervisor to end', async () => !(await isAlive(pid)), 90_000);
  }

  async #writeConfiguration(partitions: number, slapos: string): Promise<void> {
    const master = `http://127.0.0.1:${this.port}/`;
    const isRoot = process.geteuid?.() === 0;
    await writeFile(
      this.at('slapos.cfg'),
      `[slapos]
computer_id = ${COMPUTER_ID}
master_url = ${master}
instance_root = ${this.at('inst')}
software_root = ${this.at('soft')}
root_check = ${String(isRoot)}
pidfile_software = ${this.at('slapgrid-sr.pid')}
pidfile_instance = ${this.at('slapgrid-cp.pid')}
pidfile_report = ${this.at('slapgrid-ur.pid')}
software_allow_local = true
software_min_free_space = 10M
instance_min_free_space = 10M
${slapos}

[slapformat]
computer_xml = ${this.at('slapos.xml')}
partition_amount = ${partitions}
input_definition_file = ${this.at('partitions.cfg')}
alter_user = False
alter_network = False
create_tap = False

[slapproxy]
host = 127.0.0.1
port = ${this.port}
database_uri = ${this.at('proxy.db')}
`,
    );
    await writeFile(
      this.at('slapos-client.cfg'),
      `[slapos]\nmaster_url = ${master}\nmaster_rest_url = ${master}hateoas\n\n[slapconsole]\n`,
    );
    const sections = Array.from(
      { length: partitions },
      (_, index) =>
        `\n[partition_${index}]\naddress = 127.0.0.1/255.255.255.255\nuser = ${this.#owner}\nnetwork_interface =\npathname = slappart${index}\n`,
    );
    await writeFile(this.at('partitions.cfg'), `[computer]\nsoftware_user = ${this.#owner}\n${sections.join('')}`);
    await mkdir(this.at('releases'));
  }
}

/** Whether a process lives; a zombie does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return status !== undefined && !/^\d+ \(.*\) Z /s.test(status);
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
}
