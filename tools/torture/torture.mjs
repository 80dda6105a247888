import { readFile } from 'node:fs/promises';

import { createLinuxHost, silentLogger } from '@slapos/host';
import { createSupervisordAdapter } from '@slapos/supervisor';

import { HostileOwners } from './faults/hostile-owner.mjs';
import { checkConverged, strangeGroups } from './invariants/converged.mjs';
import { readMaster } from './invariants/master-state.mjs';
import { checkProcesses, checkTemporaryFiles, describeCanary, DescriptorWatch } from './invariants/nothing-left.mjs';
import { checkUsage } from './invariants/usage-kept.mjs';
import { checkWishes } from './invariants/wishes-kept.mjs';
import { TorturedNode, until } from './node/node.mjs';
import { play } from './play.mjs';
import { settle } from './settle.mjs';
import { Wishes } from './wishes/wishes.mjs';

/**
 * @import { LinuxHost } from '@slapos/host'
 * @import { Supervisor } from '@slapos/supervisor'
 * @import { Step } from './steps.mjs'
 * @import { Violation } from './invariants/wishes-kept.mjs'
 */

/** Of the supervisor for each process that runs: the pipes and logs of its two streams. */
const DESCRIPTORS_OF_A_SERVICE = 4;
const SETTLED_STATES = new Set(['RUNNING', 'STOPPED', 'EXITED', 'FATAL', 'UNKNOWN']);

/** A node that goes through rounds of torture. */
export class Torture {
  #host;
  #cast;
  #canary;
  #descriptors = new DescriptorWatch();

  /** @param {{ host: LinuxHost, node: TorturedNode, wishes: Wishes, supervisor: Supervisor, canary: string }} parts */
  constructor({ host, node, wishes, supervisor, canary }) {
    this.#host = host;
    this.#cast = { node, wishes, supervisor, owners: new HostileOwners(node.layout, node.users) };
    this.#canary = canary;
  }

  static async begin() {
    const node = await TorturedNode.create();
    const host = createLinuxHost();
    const { instanceRoot } = node.layout;
    const supervisor = createSupervisordAdapter({ instanceRoot, commands: host.commands, logger: silentLogger });
    const wishes = new Wishes(node.proxyUrl);
    const torture = new Torture({ host, node, wishes, supervisor, canary: await describeCanary(node.layout) });
    try {
      await wishes.begin();
      return torture;
    } catch (error) {
      await torture.end();
      throw error;
    }
  }

  get directory() {
    return this.#cast.node.layout.directory;
  }

  /** What has happened until now, in words. */
  async describeDeeds() {
    const { counts, master, layout } = this.#cast.node;
    const strikes = (await readFile(layout.strikes, 'utf8').catch(() => '')).split('\n').length - 1;
    return `${counts.passes} passes, ${counts.kills} killed, ${strikes} faults hit, ${master.lies} lies`;
  }

  /** Whether disks can be filled, and users are many. */
  get powers() {
    const { node } = this.#cast;
    return `${node.users.isRoot ? 'as root' : 'unprivileged'}, ${node.hasSmallDisk ? 'with' : 'without'} a small disk`;
  }

  /** Plays a round, lets the node come to rest, and looks at everything. @param {readonly Step[]} steps @returns {Promise<Violation[]>} */
  async round(steps) {
    for (const step of steps) await play(step, this.#cast);
    const violations = await settle(this.#cast);
    return violations.length > 0 ? violations : this.#check();
  }

  /** @returns {Promise<Violation[]>} */
  async #check() {
    const { node, wishes, supervisor } = this.#cast;
    const { layout, proxyPid } = node;
    const supervisorPid = await node.supervisorPid();
    if (proxyPid === undefined || supervisorPid === undefined) {
      return [{ invariant: 'the servers run', detail: `proxy ${proxyPid}, supervisor ${supervisorPid}` }];
    }
    const isAtRest = async () =>
      (await supervisor.allProcessInfo()).every(({ stateName }) => SETTLED_STATES.has(stateName));
    await until(isAtRest, 'The services start');
    const supervised = await supervisor.allProcessInfo();
    const master = readMaster(layout.database);
    const canary = await describeCanary(layout);
    const running = supervised.filter(({ pid }) => pid > 0).length;
    return [
      ...checkWishes(wishes.all, master, wishes.supplies),
      ...(await checkConverged({ layout, master, supervised })),
      ...strangeGroups(supervised, master).map((detail) => ({ invariant: 'no service of nobody runs', detail })),
      ...(await checkUsage(layout, master)),
      ...(await checkProcesses({ layout, proxyPid, supervisorPid, supervised })),
      ...(await checkTemporaryFiles(layout)),
      ...(await this.#descriptors.check(proxyPid, 'the proxy', 0)),
      ...(await this.#descriptors.check(supervisorPid, 'the supervisor', running * DESCRIPTORS_OF_A_SERVICE)),
      ...(canary === this.#canary
        ? []
        : [{ invariant: 'nothing outside is touched', detail: `${this.#canary}\nbecame\n${canary}` }]),
    ];
  }

  async end() {
    const { node, wishes, supervisor, owners } = this.#cast;
    await owners.stopSwapping();
    await wishes.close();
    await supervisor[Symbol.asyncDispose]();
    await this.#host[Symbol.asyncDispose]();
    await node.dispose();
  }
}
