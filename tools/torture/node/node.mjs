import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';

import { LyingMaster } from '../faults/lying-master.mjs';
import { installRelease } from '../release/install.mjs';
import { PARTITIONS } from '../steps.mjs';
import { writeConfiguration } from './configuration.mjs';
import { mountSmallDisk, unmount } from './disk.mjs';
import { layoutIn } from './layout.mjs';
import { livingPid, processesOf, signalTo } from './processes.mjs';
import { chooseUsers, removeUsers } from './users.mjs';

/**
 * @import { ChildProcess } from 'node:child_process'
 * @import { AgentFault } from '../steps.mjs'
 */

const SLAPOS = path.resolve(import.meta.dirname, '../../../packages/cli/bin/run.js');
const IN_AGENT = pathToFileURL(path.resolve(import.meta.dirname, '../faults/in-agent.mjs')).href;
const LOOK_INTERVAL_MS = 20;
const PATIENCE_MS = 60_000;
const OPEN_MODE = 0o777;
const STICKY_MODE = 0o1777;
const FOLDER_MODE = 0o755;

async function freePort() {
  const server = createServer();
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No TCP port of 127.0.0.1 is free.');
  return address.port;
}

/** @param {() => Promise<boolean> | boolean} isSo @param {string} what */
export async function until(isSo, what) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`${what}: not after ${PATIENCE_MS / 1000} s`);
    await wait(LOOK_INTERVAL_MS);
  }
}

/**
 * A whole node of real processes: the `slapos` command for proxy and passes, the embedded supervisor, partitions with users of their own
 * as root; between node and proxy somebody who can lie.
 */
export class TorturedNode {
  layout;
  users = chooseUsers(PARTITIONS);
  /** Whether the node's disk is one that can be filled. */
  hasSmallDisk = false;
  #proxyPort;
  master;
  /** What has happened to agents: how many ran, and were killed. */
  counts = { passes: 0, kills: 0 };
  /** @type {ChildProcess | undefined} */
  #proxy;
  /** @type {Set<ChildProcess>} */
  #agents = new Set();
  #supervisorWasKilled = false;

  /** @param {string} directory @param {number} proxyPort */
  constructor(directory, proxyPort) {
    this.layout = layoutIn(directory);
    this.#proxyPort = proxyPort;
    this.master = new LyingMaster(proxyPort);
  }

  /** Makes it, formats it, and starts its proxy. */
  static async create() {
    const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), 'st-')));
    await chmod(directory, FOLDER_MODE);
    const node = new TorturedNode(directory, await freePort());
    try {
      await node.#prepare();
      return node;
    } catch (error) {
      await node.dispose();
      throw error;
    }
  }

  async #prepare() {
    const { layout, users } = this;
    await mkdir(layout.disk);
    this.hasSmallDisk = await mountSmallDisk(layout.disk);
    for (const folder of [layout.softwareRoot, layout.instanceRoot, layout.temporary, layout.usage])
      await mkdir(folder);
    for (const folder of [layout.temporary, layout.usage]) await chmod(folder, STICKY_MODE);
    await this.#plantCanary();
    await installRelease(layout);
    await this.master.listen();
    await writeConfiguration(layout, { masterPort: this.master.port, proxyPort: this.#proxyPort, ...users });
    await this.ensureProxy();
    const { code, output } = await this.slapos(['node', 'format', '--now']);
    if (code !== 0) throw new Error(`The node cannot be formatted (exit code ${code}):\n${output}`);
  }

  async #plantCanary() {
    const { canary } = this.layout;
    await mkdir(path.join(canary, 'folder'), { recursive: true });
    for (const name of ['file', 'folder/file', 'folder/.timestamp', 'folder/service']) {
      await writeFile(path.join(canary, name), `canary ${name}\n`, { mode: 0o600 });
    }
    // One that everybody may write to, so that a link which is followed as somebody else shows as well.
    await chmod(path.join(canary, 'file'), 0o666);
    await chmod(path.join(canary, 'folder'), OPEN_MODE);
  }

  get proxyUrl() {
    return `http://127.0.0.1:${this.#proxyPort}/`;
  }

  get proxyPid() {
    return this.#proxy?.exitCode === null && this.#proxy.signalCode === null ? this.#proxy.pid : undefined;
  }

  /** Starts the proxy unless it runs, and waits until it answers. */
  async ensureProxy() {
    if (this.proxyPid === undefined) {
      const log = await open(this.layout.proxyLog, 'a');
      try {
        const args = [SLAPOS, 'proxy', 'start', '--cfg', this.layout.configuration];
        this.#proxy = spawn(process.execPath, args, { stdio: ['ignore', log.fd, log.fd] });
      } finally {
        await log.close();
      }
    }
    await until(async () => {
      if (this.proxyPid === undefined) {
        throw new Error(`The proxy ended by itself:\n${await this.proxyLogEnd()}`);
      }
      return this.#answers();
    }, 'The proxy answers');
  }

  async #answers() {
    try {
      return (await fetch(`${this.proxyUrl}getRunId`, { signal: AbortSignal.timeout(PATIENCE_MS) })).ok;
    } catch {
      return false;
    }
  }

  async proxyLogEnd() {
    const lines = (await readFile(this.layout.proxyLog, 'utf8').catch(() => '')).trimEnd().split('\n');
    return lines.slice(-20).join('\n');
  }

  async killProxy() {
    const proxy = this.#proxy;
    if (proxy === undefined || this.proxyPid === undefined) return;
    const end = once(proxy, 'exit');
    proxy.kill('SIGKILL');
    await end;
  }

  supervisorPid() {
    return livingPid(this.layout.supervisorPid);
  }

  async killSupervisor() {
    const pid = await this.supervisorPid();
    if (pid === undefined || !signalTo(pid, 'SIGKILL')) return;
    this.#supervisorWasKilled = true;
    await until(async () => (await this.supervisorPid()) !== pid, 'The killed supervisor is gone');
  }

  /**
   * Ends the services that a killed supervisor has left, as the log of the next one asks the operator to (spec: supervisor §10).
   *
   * @returns {Promise<boolean>} whether there was such a supervisor
   */
  async endSurvivors() {
    if (!this.#supervisorWasKilled) return false;
    this.#supervisorWasKilled = false;
    const supervisor = await this.supervisorPid();
    for (const { pid, parent, directory } of await processesOf(this.layout.instanceRoot)) {
      if (pid !== supervisor && parent !== supervisor && directory.startsWith(this.layout.instanceRoot)) {
        signalTo(pid, 'SIGKILL');
      }
    }
    return true;
  }

  /** Ends the passes that run, whatever they are doing. */
  killAgents() {
    for (const agent of this.#agents) agent.kill('SIGKILL');
  }

  /**
   * Runs one `slapos` command to its end. `-9` is the code of one that was killed.
   *
   * @param {readonly string[]} words
   * @param {{ fault?: AgentFault | null, clockSeconds?: number }} [disturbance]
   * @returns {Promise<{ code: number, output: string }>}
   */
  async slapos(words, { fault = null, clockSeconds = 0 } = {}) {
    const args = ['--import', IN_AGENT, SLAPOS, ...words, '--cfg', this.layout.configuration];
    const { PATH, HOME } = process.env;
    const told = JSON.stringify({ fault, clockSeconds, strikes: this.layout.strikes });
    const environment = { PATH, HOME, TMPDIR: this.layout.temporary, TORTURE: told };
    const agent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    this.#agents.add(agent);
    let output = '';
    for (const stream of [agent.stdout, agent.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
    }
    const [code] = /** @type {[number | null]} */ (await once(agent, 'close'));
    this.counts.passes += words[0] === 'node' ? 1 : 0;
    this.counts.kills += code === null ? 1 : 0;
    this.#agents.delete(agent);
    await writeFile(this.layout.agentLog, `$ slapos ${words.join(' ')} → ${code}\n${output}\n`, { flag: 'a' });
    return { code: code ?? -9, output };
  }

  async dispose() {
    const { layout } = this;
    await this.killProxy();
    await this.master.close();
    const supervisor = await this.supervisorPid();
    if (supervisor !== undefined) signalTo(supervisor, 'SIGTERM');
    if (supervisor !== undefined) {
      await until(async () => (await this.supervisorPid()) === undefined, 'The supervisor is gone').catch(
        () => undefined,
      );
    }
    for (const { pid } of await processesOf(layout.directory)) signalTo(pid, 'SIGKILL');
    await until(
      async () => (await processesOf(layout.directory)).every(({ isZombie }) => isZombie),
      'The processes of the node are gone',
    );
    if (this.hasSmallDisk) await unmount(layout.disk);
    await rm(layout.directory, { recursive: true, force: true });
    await removeUsers(this.users);
  }
}
