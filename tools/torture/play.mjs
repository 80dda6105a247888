import { setTimeout as wait } from 'node:timers/promises';

import { emptyDisk, fillDisk } from './node/disk.mjs';
import { partitionId } from './node/layout.mjs';
import { signalTo } from './node/processes.mjs';

/**
 * @import { Supervisor } from '@slapos/supervisor'
 * @import { TorturedNode } from './node/node.mjs'
 * @import { HostileOwners } from './faults/hostile-owner.mjs'
 * @import { Wishes } from './wishes/wishes.mjs'
 * @import { KillAgent, OtherPass, Pass, Step } from './steps.mjs'
 */

/** @typedef {{ node: TorturedNode, owners: HostileOwners, wishes: Wishes, supervisor: Supervisor }} Cast */

/**
 * Carries out one step.
 *
 * @param {Step | KillAgent | OtherPass} step
 * @param {Cast} cast
 * @returns {Promise<void>}
 */
export async function play(step, cast) {
  const { node, owners, wishes } = cast;
  switch (step.do) {
    case 'request':
      return wishes.request(step);
    case 'supply':
      return wishes.supplyFleeting(step.state);
    case 'bang':
      return wishes.bang(step.partition);
    case 'wait':
      await wait(step.ms);
      return;
    case 'kill proxy':
      await node.killProxy();
      return node.ensureProxy();
    case 'kill supervisor':
      return node.killSupervisor();
    case 'kill service':
      return killService(step.partition, cast);
    case 'kill agent':
      await wait(step.afterMs);
      node.killAgents();
      return;
    case 'lie':
      node.master.lie(step.how, step.answers);
      return;
    case 'plant':
      return owners.plant(step);
    case 'swap':
      return owners.swap(step);
    case 'fill disk':
      return node.hasSmallDisk ? fillDisk(node.layout, step.bytesLeft) : undefined;
    case 'empty disk':
      return emptyDisk(node.layout);
    case 'other pass':
      return runAgent(step.pass, step.fault, 0, cast);
    case 'pass':
      return runPass(step, cast);
  }
}

/** @param {Pass} step @param {Cast} cast */
async function runPass({ pass, fault, clockSeconds, beside }, cast) {
  await Promise.all([
    runAgent(pass, fault, clockSeconds, cast),
    (async () => {
      for (const step of beside) await play(step, cast);
    })(),
  ]);
  await cast.owners.stopSwapping();
}

/** @param {Pass['pass']} pass @param {Pass['fault']} fault @param {number} clockSeconds @param {Cast} cast */
async function runAgent(pass, fault, clockSeconds, { node }) {
  // A word of yesterday that an instance is to be removed would remove that of today (spec: proxy §5.6).
  if (pass === 'report') node.master.truthful += 1;
  try {
    await node.slapos(['node', pass, '--now'], { fault, clockSeconds });
  } finally {
    if (pass === 'report') node.master.truthful -= 1;
  }
}

/** @param {number} partition @param {Cast} cast */
async function killService(partition, { supervisor }) {
  if (!(await supervisor.isRunning())) return;
  for (const { group, pid } of await supervisor.allProcessInfo()) {
    if (group === partitionId(partition) && pid > 0) signalTo(pid, 'SIGKILL');
  }
}
