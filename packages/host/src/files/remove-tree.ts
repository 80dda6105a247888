import fs from 'node:fs';
import path from 'node:path';

import { HostError, systemErrorCode } from '../errors.js';
import { descriptorPath, DIRECTORY_FLAGS, O_PATH } from './descriptor.js';
import { checkEntryName, temporaryName } from './names.js';

/** Deeper folders are moved up first, so that no tree, however deep, uses up our descriptors. */
const MAX_DEPTH = 100;
/** Between two looks at the event loop. */
const ENTRIES_PER_TURN = 200;
const OWNER_ALL = 0o700;
const MAX_REPORTED = 20;
/** A folder that its owner refills while we empty it is given up after this many rounds. */
const MAX_ROUNDS = 1000;

/** Something that could not be removed, and why. */
export interface RemovalProblem {
  readonly path: string;
  readonly reason: string;
}

export interface RemoveTreeReport {
  /** Entries removed, folders included. */
  readonly removed: number;
  /** False when `maxEntries` was reached first: call again to go on. */
  readonly finished: boolean;
}

/**
 * Removes the entry `name` of a folder as its owner, as far as the owner can, and fails only when it is aborted.
 * `directory` is a path that stands for the open folder itself, wherever its owner moves it.
 */
export type OwnerRemoval = (directory: string, name: string, signal: AbortSignal | undefined) => Promise<void>;

export interface RemoveTreeOptions {
  /** Stop after this many entries. Default: no limit. */
  readonly maxEntries?: number;
  readonly signal?: AbortSignal;
  /**
   * First lets the owner remove what the owner can; what is left is then removed by us. Make one with `removeAsOwner`.
   * Default: everything is removed by us.
   */
  readonly asOwner?: OwnerRemoval;
  /** Called now and then with the number of entries removed so far. */
  readonly onProgress?: (removed: number) => void;
}

type Entry = Buffer;

function join(descriptor: number, name: Entry | string): Buffer {
  return Buffer.concat([
    Buffer.from(`${descriptorPath(descriptor)}/`),
    typeof name === 'string' ? Buffer.from(name) : name,
  ]);
}

/** The mount that a descriptor is on: a bind mount has the same device number as what it hides. */
function mountId(descriptor: number): string {
  const text = fs.readFileSync(`/proc/self/fdinfo/${String(descriptor)}`, 'latin1');
  return /^mnt_id:\s*(\d+)/m.exec(text)?.[1] ?? '';
}

class TreeRemover {
  readonly #top: number;
  readonly #options: RemoveTreeOptions;
  readonly #mount: string;
  readonly #problems: RemovalProblem[] = [];
  readonly #movedUp: string[] = [];
  #problemCount = 0;
  #removed = 0;

  constructor(top: number, options: RemoveTreeOptions) {
    this.#top = top;
    this.#options = options;
    this.#mount = mountId(top);
  }

  get problems(): readonly RemovalProblem[] {
    return this.#problems;
  }

  get problemCount(): number {
    return this.#problemCount;
  }

  get removed(): number {
    return this.#removed;
  }

  /** Removes an entry of the top folder. Returns false when the limit of entries was reached. */
  async remove(name: string, shown: string): Promise<boolean> {
    if (!(await this.#removeEntry(this.#top, Buffer.from(name), shown, 0))) return false;
    for (let moved = this.#movedUp.pop(); moved !== undefined; moved = this.#movedUp.pop()) {
      if (!(await this.#removeEntry(this.#top, Buffer.from(moved), shown, 0))) return false;
    }
    return true;
  }

  async #removeEntry(parent: number, name: Entry, shown: string, depth: number): Promise<boolean> {
    if (this.#removed >= (this.#options.maxEntries ?? Infinity)) return false;
    await this.#takeTurn();
    const target = join(parent, name);
    // Unlinking never follows a link, and refuses a folder, so the type needs no check that could be raced.
    switch (tryRemove(() => fs.unlinkSync(target), parent)) {
      case 'done':
        this.#removed += 1;
        return true;
      case 'absent':
        return true;
      case 'EISDIR':
      case 'EPERM':
        break; // a folder on most file systems; an immutable file fails again below, with its own reason
      default:
        break;
    }
    const descriptor = this.#openFolder(target, shown);
    if (descriptor === undefined) return true;
    try {
      if (mountId(descriptor) !== this.#mount) {
        this.#report(shown, 'another file system is mounted here');
        return true;
      }
      if (depth >= MAX_DEPTH) {
        this.#moveUp(target, shown);
        return true;
      }
      if (!(await this.#emptyFolder(descriptor, shown, depth))) return false;
    } finally {
      fs.closeSync(descriptor);
    }
    const outcome = tryRemove(() => fs.rmdirSync(target), parent);
    if (outcome === 'done') this.#removed += 1;
    else if (outcome !== 'absent') this.#report(shown, outcome);
    return true;
  }

  async #emptyFolder(descriptor: number, shown: string, depth: number): Promise<boolean> {
    const folder = descriptorPath(descriptor);
    const problemsBefore = this.#problemCount;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      let found = 0;
      const names = fs.opendirSync(folder, { encoding: 'buffer' as BufferEncoding });
      try {
        for (let entry = names.readSync(); entry !== null; entry = names.readSync()) {
          found += 1;
          // Node.js types the names as text whatever the encoding asked for.
          const name = entry.name as unknown as Buffer;
          if (!(await this.#removeEntry(descriptor, name, path.join(shown, name.toString('utf8')), depth + 1)))
            return false;
        }
      } finally {
        names.closeSync();
      }
      // Reading while removing may skip entries: look again until the folder is empty, or holds only what cannot go.
      if (found === 0 || this.#problemCount > problemsBefore) return true;
    }
    return true;
  }

  /** Opens a folder below us without following a link; opens it up when its mode keeps even us out (we are not always root). */
  #openFolder(target: Buffer, shown: string): number | undefined {
    try {
      return fs.openSync(target, DIRECTORY_FLAGS);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'ENOENT') return undefined;
      if (code === 'EACCES' && makeAccessible(target)) return this.#openAgain(target, shown);
      this.#report(
        shown,
        code === 'ENOTDIR' || code === 'ELOOP'
          ? 'it cannot be removed (immutable, or not ours)'
          : (code ?? String(error)),
      );
      return undefined;
    }
  }

  #openAgain(target: Buffer, shown: string): number | undefined {
    try {
      return fs.openSync(target, DIRECTORY_FLAGS);
    } catch (error) {
      this.#report(shown, systemErrorCode(error) ?? String(error));
      return undefined;
    }
  }

  #moveUp(target: Buffer, shown: string): void {
    const moved = temporaryName();
    try {
      fs.renameSync(target, join(this.#top, moved));
      this.#movedUp.push(moved);
    } catch (error) {
      this.#report(shown, systemErrorCode(error) ?? String(error));
    }
  }

  #report(shown: string, reason: string): void {
    this.#problemCount += 1;
    if (this.#problems.length < MAX_REPORTED) this.#problems.push({ path: shown, reason });
  }

  #sinceTurn = 0;

  async #takeTurn(): Promise<void> {
    this.#sinceTurn += 1;
    if (this.#sinceTurn < ENTRIES_PER_TURN) return;
    this.#sinceTurn = 0;
    this.#options.onProgress?.(this.#removed);
    await new Promise(setImmediate);
    this.#options.signal?.throwIfAborted();
  }
}

/** Opens up a folder of ours: by a descriptor that stands for the folder itself, so that no link is followed. */
function makeAccessible(target: Buffer): boolean {
  let descriptor: number;
  try {
    descriptor = fs.openSync(target, O_PATH | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW);
  } catch {
    return false;
  }
  try {
    fs.chmodSync(descriptorPath(descriptor), OWNER_ALL);
    return true;
  } catch {
    return false;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Removes one name; when its folder does not let us, opens the folder up and tries once more. */
function tryRemove(remove: () => void, parent: number): string {
  try {
    remove();
    return 'done';
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return 'absent';
    if (code !== 'EACCES') return code ?? String(error);
  }
  try {
    fs.fchmodSync(parent, OWNER_ALL);
    remove();
    return 'done';
  } catch (error) {
    const code = systemErrorCode(error);
    return code === 'ENOENT' ? 'absent' : (code ?? String(error));
  }
}

/**
 * Removes the entry `name` of an open folder with everything below it: descends by descriptor, follows no link, never
 * leaves the file system or mount, and copes with folders that are renamed, swapped and refilled meanwhile.
 * (spec: grid 5.7, security S24)
 * @throws HostError `HOST_TREE_NOT_REMOVED`, with the first of the entries that stayed and why.
 */
export async function removeTreeAt(
  parent: number,
  shownParent: string,
  name: string,
  options: RemoveTreeOptions,
): Promise<RemoveTreeReport> {
  checkEntryName(name);
  options.signal?.throwIfAborted();
  const parentMode = fs.fstatSync(parent).mode;
  const shown = path.join(shownParent, name);
  if (options.asOwner !== undefined) {
    // The number of this process instead of "self": another process opens it.
    await options.asOwner(`/proc/${String(process.pid)}/fd/${String(parent)}`, name, options.signal);
  }
  const remover = new TreeRemover(parent, options);
  const finished = await remover.remove(name, shown);
  // Only what is removed may be opened up, never the folder around it. (spec: grid 5.7)
  if (fs.fstatSync(parent).mode !== parentMode) fs.fchmodSync(parent, parentMode & 0o7777);
  const [first] = remover.problems;
  if (first !== undefined) {
    const others = remover.problemCount - 1;
    throw new HostError(
      'HOST_TREE_NOT_REMOVED',
      `Cannot remove ${JSON.stringify(shown)}: ${JSON.stringify(first.path)}: ${first.reason}${others > 0 ? ` (and ${String(others)} more)` : ''}`,
      { hint: 'Unmount what is mounted in it, and clear immutable flags (lsattr, chattr -i); then run again.' },
    );
  }
  return { removed: remover.removed, finished };
}
