import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { softwareReleasePath } from '@slapos/grid';

import { digestOf } from '../release/digest.mjs';

/**
 * @import { ProcessInfo } from '@slapos/supervisor'
 * @import { Layout } from '../node/layout.mjs'
 * @import { MasterPartition, MasterState } from './master-state.mjs'
 * @import { Violation } from './wishes-kept.mjs'
 */

const OWN_GROUP = 'watchdog';
/** What formatting writes into a partition (spec: format); it goes with the first instance there. */
const FORMAT_FILE = '.slapos-resource';

/** What the partition is to be made of. @param {MasterPartition} partition */
function wantedDigest({ release, n, shared }) {
  return digestOf({ release, parameters: { n }, shared });
}

/** @param {string} folder @returns {Promise<string[]>} */
async function namesIn(folder) {
  return (await readdir(folder).catch(() => [])).sort();
}

/**
 * What runs, what is on the disk, and what the master has been told are what the master wants.
 *
 * @param {{ layout: Layout, master: MasterState, supervised: readonly ProcessInfo[] }} observed
 * @returns {Promise<Violation[]>}
 */
export async function checkConverged({ layout, master, supervised }) {
  const partitions = await Promise.all(
    master.partitions.map(async (partition) => [
      ...(await checkFolder(partition, path.join(layout.instanceRoot, partition.id))),
      ...checkServices(partition, supervised),
      ...checkWords(partition),
    ]),
  );
  const releases = await Promise.all(
    Object.entries(master.releases).map(async ([url, state]) => {
      const mark = path.join(softwareReleasePath(layout.softwareRoot, url), '.completed');
      const isThere = (await stat(mark).catch(() => undefined)) !== undefined;
      const word = master.releaseWords[url];
      // What is gone and has never been there may not have been spoken of.
      const isTold = word === state || (state === 'destroyed' && word === 'nothing');
      return [
        ...(isThere === (state === 'available')
          ? []
          : [`${url} is to be ${state}, and ${isThere ? 'is' : 'is not'} there`]),
        ...(isTold ? [] : [`${url} is to be ${state}, and the last that the master heard of it is ${word}`]),
      ];
    }),
  );
  return [...partitions.flat(), ...releases.flat()].map((detail) => ({ invariant: 'the node converges', detail }));
}

/** @param {MasterPartition} partition @param {string} folder @returns {Promise<string[]>} */
async function checkFolder(partition, folder) {
  const { id } = partition;
  const names = await namesIn(folder);
  if (partition.isFree) {
    const left = names.filter((name) => name !== FORMAT_FILE);
    return left.length === 0 ? [] : [`${id} is free, and has ${left.join(', ')}`];
  }
  const digest = wantedDigest(partition);
  const deployed = (await readFile(path.join(folder, 'etc/deployed'), 'utf8').catch(() => 'nothing')).trim();
  const services = await namesIn(path.join(folder, 'etc/service'));
  return [
    ...(deployed === digest ? [] : [`${id} is deployed as ${deployed}, and ${digest} is wanted`]),
    ...(services.join() === `worker-${digest}` ? [] : [`${id} has the services ${services.join(', ')}`]),
    ...(names.includes('.timestamp') ? [] : [`${id} has no .timestamp`]),
  ];
}

/** @param {MasterPartition} partition @param {readonly ProcessInfo[]} supervised @returns {string[]} */
function checkServices(partition, supervised) {
  const { id, isFree, state } = partition;
  const present = supervised
    .filter(({ group }) => group === id)
    .map(({ name, stateName }) => `${name} ${stateName}`)
    .sort();
  const isRunning = !isFree && state === 'started';
  const wanted = isRunning ? [`worker-${wantedDigest(partition)}-on-watch RUNNING`] : [];
  return present.join() === wanted.join()
    ? []
    : [
        `${id} (${isFree ? 'free' : state}) has the processes [${present.join(', ')}], and [${wanted.join(', ')}] are wanted`,
      ];
}

/** @param {MasterPartition} partition @returns {string[]} */
function checkWords(partition) {
  const { id, isFree, state, lastWord, digest } = partition;
  if (isFree) return [];
  const wanted = wantedDigest(partition);
  return [
    ...(lastWord === state
      ? []
      : [`${id} is ${state}, and the last that the master heard of it is ${lastWord ?? 'nothing'}`]),
    ...(digest === wanted ? [] : [`${id} has published ${digest ?? 'nothing'}, and ${wanted} is wanted`]),
  ];
}

/** Groups that belong to no partition. @param {readonly ProcessInfo[]} supervised @param {MasterState} master */
export function strangeGroups(supervised, master) {
  const ids = new Set([OWN_GROUP, ...master.partitions.map(({ id }) => id)]);
  return supervised.filter(({ group }) => !ids.has(group)).map(({ group, name }) => `${group}:${name}`);
}
