import fs from 'node:fs';
import path from 'node:path';

import { systemErrorCode } from '../errors.js';
import { descriptorPath, DIRECTORY_FLAGS, READ_FLAGS } from './descriptor.js';

const ENTRIES_PER_TURN = 200;
const MAX_DEPTH = 500;
const MAX_REPORTED = 20;

export interface OwnershipOptions {
  readonly uid: number;
  readonly gid: number;
  readonly signal?: AbortSignal;
}

/** What was given to the user, and what was left alone and why. */
export interface OwnershipReport {
  readonly changed: number;
  /** The first 20 of them. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly skippedCount: number;
}

class OwnerChanger {
  readonly #options: OwnershipOptions;
  readonly #device: number;
  readonly #skipped: { path: string; reason: string }[] = [];
  #skippedCount = 0;
  #changed = 0;
  #sinceTurn = 0;

  constructor(device: number, options: OwnershipOptions) {
    this.#device = device;
    this.#options = options;
  }

  get report(): OwnershipReport {
    return { changed: this.#changed, skipped: this.#skipped, skippedCount: this.#skippedCount };
  }

  async change(target: string, shown: string, depth: number): Promise<void> {
    this.#sinceTurn += 1;
    if (this.#sinceTurn >= ENTRIES_PER_TURN) {
      this.#sinceTurn = 0;
      await new Promise(setImmediate);
      this.#options.signal?.throwIfAborted();
    }
    let descriptor: number;
    try {
      descriptor = fs.openSync(target, READ_FLAGS);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'ENOENT') return;
      this.#skip(shown, code === 'ELOOP' ? 'a symbolic link' : code === 'ENXIO' ? 'a socket' : (code ?? String(error)));
      return;
    }
    try {
      await this.#changeOpen(descriptor, shown, depth);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  async #changeOpen(descriptor: number, shown: string, depth: number): Promise<void> {
    const { uid, gid } = this.#options;
    const stats = fs.fstatSync(descriptor);
    const reason = this.#whyNot(stats, depth);
    if (reason !== undefined) {
      this.#skip(shown, reason);
      return;
    }
    if (stats.isDirectory()) {
      const folder = descriptorPath(descriptor);
      for (const name of fs.readdirSync(folder))
        await this.change(`${folder}/${name}`, path.join(shown, name), depth + 1);
    }
    if (stats.uid === uid && stats.gid === gid) return;
    fs.fchownSync(descriptor, uid, gid);
    this.#changed += 1;
  }

  #whyNot(stats: fs.Stats, depth: number): string | undefined {
    if (stats.dev !== this.#device) return 'another file system is mounted here';
    if (stats.isFile()) return stats.nlink === 1 ? undefined : `it has ${String(stats.nlink)} names (hard links)`;
    if (!stats.isDirectory()) return 'neither a file nor a folder';
    return depth < MAX_DEPTH ? undefined : `deeper than ${String(MAX_DEPTH)} folders`;
  }

  #skip(shown: string, reason: string): void {
    this.#skippedCount += 1;
    if (this.#skipped.length < MAX_REPORTED) this.#skipped.push({ path: shown, reason });
  }
}

/**
 * Gives the entry `name` of an open folder, and all below it, to a user. Only regular files with one name and folders, by
 * descriptor after a look at it; links, FIFOs, sockets, devices and files with hard links are left alone and reported.
 * Prefer to create files as the right user: this is for repairs. (spec: security S8)
 */
export async function changeTreeOwner(
  parent: number,
  shownParent: string,
  name: string,
  options: OwnershipOptions,
): Promise<OwnershipReport> {
  // The folder itself must be one; a descriptor on anything else would not have been opened with these flags.
  fs.closeSync(fs.openSync(descriptorPath(parent), DIRECTORY_FLAGS & ~fs.constants.O_NOFOLLOW));
  const changer = new OwnerChanger(fs.fstatSync(parent).dev, options);
  await changer.change(`${descriptorPath(parent)}/${name}`, path.join(shownParent, name), 0);
  return changer.report;
}
