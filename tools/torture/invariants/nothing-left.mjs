import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { descriptorsOf, processesOf } from '../node/processes.mjs';

/**
 * @import { ProcessInfo } from '@slapos/supervisor'
 * @import { Layout } from '../node/layout.mjs'
 * @import { Violation } from './wishes-kept.mjs'
 */

/** Names of temporary files of the packages, and of the agent's runs. */
const TEMPORARY = /^\.slapos-tmp-|\.tmp$|~$/u;
/** A keep-alive connection, a log that is being rotated. */
const SPARE_DESCRIPTORS = 8;

/** @param {string} folder @returns {Promise<string[]>} paths of all entries below it; links are not followed */
async function allBelow(folder) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const paths = await Promise.all(
    entries.map(async (entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? [file, ...(await allBelow(file))] : [file];
    }),
  );
  return paths.flat();
}

/** @param {Layout} layout @returns {Promise<Violation[]>} */
export async function checkTemporaryFiles({ disk, temporary }) {
  const all = await allBelow(disk);
  return all
    .filter((file) => TEMPORARY.test(path.basename(file)) || file.startsWith(`${temporary}/`))
    .map((detail) => ({ invariant: 'no temporary file is left', detail }));
}

/**
 * What the canary is like, in one text.
 *
 * @param {{ canary: string }} layout
 */
export async function describeCanary({ canary }) {
  const lines = [];
  for (const file of [canary, ...(await allBelow(canary))].sort()) {
    const { mode, uid, gid, mtimeMs } = await lstat(file);
    const isFile = (mode & 0o170_000) === 0o100_000;
    const content = isFile ? await readFile(file, 'utf8') : '';
    // Making a link to a file, or a folder's entry time, changes nothing of ours.
    lines.push(
      [path.relative(canary, file), mode.toString(8), uid, gid, isFile ? mtimeMs : '', content.trim()].join(' '),
    );
  }
  return lines.join('\n');
}

/**
 * Only the proxy, the supervisor and what it supervises live, and each buries its dead.
 *
 * @param {{ layout: Layout, proxyPid: number, supervisorPid: number, supervised: readonly ProcessInfo[] }} observed
 * @returns {Promise<Violation[]>}
 */
export async function checkProcesses({ layout, proxyPid, supervisorPid, supervised }) {
  const all = await processesOf(layout.directory);
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const expected = new Set([proxyPid, supervisorPid, ...supervised.map(({ pid }) => pid)]);
  const belongs = (/** @type {number} */ pid) => {
    for (let at = /** @type {number | undefined} */ (pid); at !== undefined; at = parents.get(at)) {
      if (expected.has(at)) return true;
    }
    return false;
  };
  const text = (/** @type {{ pid: number, parent: number, command: string }} */ { pid, parent, command }) =>
    `${pid} (child of ${parent}) ${command}`;
  return [
    ...all.filter(({ isZombie }) => isZombie).map((one) => ({ invariant: 'no zombie is left', detail: text(one) })),
    ...all
      .filter(({ isZombie, pid }) => !isZombie && !belongs(pid))
      .map((one) => ({ invariant: 'no orphan is left', detail: text(one) })),
  ];
}

/** Whether processes that live long keep more and more open. */
export class DescriptorWatch {
  /** @type {Map<number, number>} */
  #first = new Map();

  /** @param {number} pid @param {string} who @param {number} owed descriptors that it has for a reason @returns {Promise<Violation[]>} */
  async check(pid, who, owed) {
    const open = await descriptorsOf(pid);
    const own = open.length - owed;
    const first = this.#first.get(pid);
    if (first === undefined) {
      this.#first.set(pid, own);
      return [];
    }
    if (own <= first + SPARE_DESCRIPTORS) return [];
    const detail = `${who} (${pid}) had ${first} and has ${own}: ${open.sort().join(' ')}`;
    return [{ invariant: 'no descriptor is leaked', detail }];
  }
}
