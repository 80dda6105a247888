import fs from 'node:fs';
import path from 'node:path';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_RDONLY, O_WRONLY } = {
  ...fs.constants,
  // Not among Node's constants; the same on every Linux architecture that Node runs on.
  O_PATH: 0o10000000,
};
const NEW_FILE_MODE = 0o644;
const MAX_LINKS = 40;

/** Where a name lies: in the folder of this descriptor, whatever happens to paths meanwhile. */
export function inFolder(folder: number, name: string): string {
  return `/proc/self/fd/${String(folder)}/${name}`;
}

/**
 * Opens a folder step by step: a symbolic link on the way is followed only if root or we ourselves made it, so that a tenant cannot
 * lead the daemon elsewhere (spec: security S2).
 * @returns a descriptor, which the caller closes
 */
export function openFolder(folder: string): number {
  let names = path.resolve(folder).split('/').filter(Boolean);
  let links = 0;
  let descriptor = fs.openSync('/', O_RDONLY | O_DIRECTORY);
  try {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const place = inFolder(descriptor, name);
      const link = fs.lstatSync(place);
      let next: number;
      if (link.isSymbolicLink()) {
        if (link.uid !== 0 && link.uid !== process.geteuid?.())
          throw new Error(`${name} of ${folder} is a symbolic link of another user`);
        links += 1;
        if (links > MAX_LINKS) throw new Error(`${folder}: too many symbolic links`);
        const target = fs.readlinkSync(place);
        names = [...target.split('/').filter(Boolean), ...names];
        if (!target.startsWith('/')) continue;
        next = fs.openSync('/', O_RDONLY | O_DIRECTORY);
      } else {
        next = fs.openSync(place, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      }
      fs.closeSync(descriptor);
      descriptor = next;
    }
    return descriptor;
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

/**
 * Opens a log for appending, made when it is absent, in a folder that a tenant may own: a regular file with one name that belongs to us
 * or to the service's user; never a link, a FIFO or a device (spec: security S2).
 * @param uid the user of the service
 */
export function openLogForAppending(folder: number, name: string, uid: number | undefined): number {
  const place = inFolder(folder, name);
  const created = tryCreate(place);
  const descriptor = created ?? fs.openSync(place, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = fs.fstatSync(descriptor);
    if (created !== undefined) {
      // A file that the daemon makes in a tenant's folder is the tenant's.
      const owner = fs.fstatSync(folder);
      if (process.geteuid?.() === 0 && owner.uid !== 0) fs.fchownSync(descriptor, owner.uid, owner.gid);
      return descriptor;
    }
    if (!stats.isFile()) throw new Error('it is not a regular file');
    if (stats.nlink !== 1) throw new Error('it has a second name');
    if (stats.uid !== process.geteuid?.() && stats.uid !== uid)
      throw new Error(`it belongs to uid ${String(stats.uid)}`);
    return descriptor;
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

function tryCreate(place: string): number | undefined {
  try {
    return fs.openSync(place, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, NEW_FILE_MODE);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
    throw error;
  }
}

/** Opens a log for reading with the same care; `undefined` when it is absent. */
export function openLogForReading(file: string, uid: number | undefined): number | undefined {
  let folder: number | undefined;
  try {
    folder = openFolder(path.dirname(file));
    const descriptor = fs.openSync(inFolder(folder, path.basename(file)), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fs.fstatSync(descriptor);
    const isOurs = stats.uid === process.geteuid?.() || stats.uid === uid;
    if (stats.isFile() && stats.nlink === 1 && isOurs) return descriptor;
    fs.closeSync(descriptor);
    throw new Error('it is not a log of this service');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  } finally {
    if (folder !== undefined) fs.closeSync(folder);
  }
}
