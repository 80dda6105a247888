import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { partitionId } from '../node/layout.mjs';
import { idsOf } from '../node/users.mjs';

/**
 * @import { ChildProcess } from 'node:child_process'
 * @import { Layout } from '../node/layout.mjs'
 * @import { Users } from '../node/users.mjs'
 */

const KEPT = '.torture-kept';

/** `$1`: the place, `$2`: where to keep what is there, `$3`: what to plant, `$4`: the canary. */
const PLANT = `
test -e "$2" -o -L "$2" && exit 0
if test -e "$1" -o -L "$1"; then mv -T "$1" "$2" || exit 0; else : > "$2"; fi
case "$3" in
  'link to a file') ln -s "$4/file" "$1" ;;
  'link to a folder') ln -s "$4/folder" "$1" ;;
  'hard link') ln "$4/file" "$1" ;;
  fifo) mkfifo "$1" ;;
  folder) mkdir "$1" ;;
  file) echo planted > "$1" ;;
  'huge file') truncate -s 20G "$1" ;;
  'closed folder') mkdir -m 000 "$1" ;;
  nothing) ;;
esac
`;

/** Puts a link in the place and takes it away again, as fast as it can. */
const SWAP = `
const fs = require('node:fs');
const [place, kept, canary] = process.argv.slice(1);
const quietly = (act) => { try { act(); } catch {} };
quietly(() => fs.renameSync(place, kept));
console.log('swapping');
for (;;) {
  quietly(() => fs.symlinkSync(canary, place));
  quietly(() => fs.unlinkSync(place));
  quietly(() => fs.renameSync(kept, place));
  quietly(() => fs.renameSync(place, kept));
}
`;

/** The owners of the partitions, who do in their folders what they like. */
export class HostileOwners {
  #layout;
  #users;
  /** @type {Map<number, string>} What was planted, by partition. */
  #planted = new Map();
  /** @type {ChildProcess[]} */
  #swappers = [];

  /** @param {Layout} layout @param {Users} users */
  constructor(layout, users) {
    this.#layout = layout;
    this.#users = users;
  }

  /** One thing for each partition at a time. @param {{ partition: number, what: string, where: string }} step */
  async plant({ partition, what, where }) {
    if (this.#planted.has(partition)) return;
    this.#planted.set(partition, where);
    const { place, kept } = this.#paths(partition, where);
    const child = await this.#spawn(partition, 'sh', ['-c', PLANT, 'plant', place, kept, what, this.#layout.canary]);
    await once(child, 'close');
  }

  /** @param {{ partition: number, where: string }} step */
  async swap({ partition, where }) {
    if (this.#planted.has(partition)) return;
    this.#planted.set(partition, where);
    const { place, kept } = this.#paths(partition, where);
    const target = path.join(this.#layout.canary, 'folder');
    const child = await this.#spawn(partition, process.execPath, ['-e', SWAP, place, kept, target]);
    this.#swappers.push(child);
    await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  }

  /** Ends what runs; what was planted stays. */
  async stopSwapping() {
    for (const child of this.#swappers.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const end = once(child, 'close');
      child.kill('SIGKILL');
      await end;
    }
  }

  /** Everything is put back where it was. @returns {Promise<number[]>} the partitions that were touched */
  async repent() {
    await this.stopSwapping();
    const touched = [...this.#planted];
    this.#planted.clear();
    for (const [partition, where] of touched) {
      const { place, kept } = this.#paths(partition, where);
      // The instance may have been destroyed since, with all that was planted in it.
      if (!(await exists(kept))) continue;
      await rm(place, { recursive: true, force: true });
      if (!(await exists(path.dirname(place)))) {
        await rm(kept, { recursive: true });
        continue;
      }
      await rename(kept, place);
      // An empty file stands for "there was nothing".
      if (await isEmptyFile(place)) await rm(place, { force: true });
    }
    return touched.map(([partition]) => partition);
  }

  /** @param {number} partition @param {string} where */
  #paths(partition, where) {
    const folder = path.join(this.#layout.instanceRoot, partitionId(partition));
    return { place: path.join(folder, where), kept: path.join(folder, KEPT) };
  }

  /** @param {number} partition @param {string} file @param {readonly string[]} args */
  async #spawn(partition, file, args) {
    const name = this.#users.partitionUsers[partition] ?? '';
    const owner = this.#users.isRoot ? await idsOf(name) : {};
    return spawn(file, args, { ...owner, cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
  }
}

/** @param {string} file */
async function exists(file) {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/** @param {string} file */
async function isEmptyFile(file) {
  const stat = await lstat(file).catch(() => undefined);
  return stat?.isFile() === true && stat.size === 0;
}
