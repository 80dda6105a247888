/**
 * @import { AskedWish } from '../wishes/wishes.mjs'
 * @import { MasterState } from './master-state.mjs'
 */

import { releaseUrl } from '../node/layout.mjs';

/** @typedef {{ invariant: string, detail: string }} Violation */

const DESTROYED = 'destroyed';

/**
 * No request that was granted is lost, none is granted twice, and nothing is there that nobody asked for.
 *
 * @param {readonly AskedWish[]} wishes
 * @param {MasterState} master
 * @param {ReadonlyMap<string, string>} [supplies] the state of every Software Release that was supplied
 * @returns {Violation[]}
 */
export function checkWishes(wishes, master, supplies = new Map()) {
  const broken = (/** @type {string} */ detail) => ({ invariant: 'the master keeps what it granted', detail });
  const used = master.partitions.filter(({ isFree }) => !isFree);
  const violations = wishes.flatMap((wish) => (wish.shared ? [] : checkWish(wish, used))).map(broken);
  const shared = wishes.filter((wish) => wish.shared).flatMap((wish) => checkShared(wish, master));
  const names = new Set(wishes.map(({ name }) => name));
  const strange = used
    .filter(({ name }) => !names.has(name))
    .map(({ id, name }) => `${id} has ${name}, whom nobody asked for`);
  const integrity = master.integrity === 'ok' ? [] : [`the database says: ${master.integrity}`];
  const supplied = [...supplies].flatMap(([url, state]) => {
    const present = master.releases[url] ?? DESTROYED;
    return present === state ? [] : [`${url} is ${present}, and ${state} was granted`];
  });
  return [...violations, ...[...shared, ...strange, ...supplied, ...integrity].map(broken)];
}

/** @param {AskedWish} wish @param {MasterState['partitions']} used @returns {string[]} */
function checkWish({ name, state, release, n, answer }, used) {
  const found = used.filter((partition) => partition.name === name);
  const where = found.map(({ id }) => id).join(', ');
  if (found.length > 1) return [`${name} is in ${found.length} partitions: ${where}`];
  const [partition] = found;
  if (answer === 'refused' || state === DESTROYED) {
    return partition === undefined ? [] : [`${name} is in ${where}, and should not be there (${answer}, ${state})`];
  }
  if (partition === undefined) return [`${name} was granted, and is nowhere`];
  const wanted = { release: releaseUrl(release), state, n: String(n) };
  return Object.entries(wanted).flatMap(([key, value]) => {
    const present = partition[/** @type {keyof typeof wanted} */ (key)];
    return present === value ? [] : [`${name} in ${where} has ${key} ${present}, and ${value} was granted`];
  });
}

/** @param {AskedWish} wish @param {MasterState} master @returns {string[]} */
function checkShared({ name, state, n, answer }, master) {
  const entries = master.partitions.flatMap(({ id, shared }) =>
    shared.filter(({ reference }) => reference === `_${name}`).map((entry) => ({ id, ...entry })),
  );
  const where = entries.map(({ id }) => id).join(', ');
  if (entries.length > 1) return [`the shared instance ${name} is on ${entries.length} hosts: ${where}`];
  if (answer === 'refused') return [];
  const [entry] = entries;
  if (state === DESTROYED) {
    return entry === undefined ? [] : [`the shared instance ${name} is on ${where}, and its destruction was granted`];
  }
  if (entry === undefined) return [`the shared instance ${name} was granted, and is on no host`];
  return entry.n === String(n)
    ? []
    : [`the shared instance ${name} on ${where} has n ${String(entry.n)}, and ${n} was granted`];
}
