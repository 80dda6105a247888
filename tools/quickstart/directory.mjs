// Where the quickstart keeps everything, and as whom it builds and runs.
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { SetupError, WORKSPACE_ROOT } from '../setup/setup.mjs';

/** The kernel's limit of a Unix socket's path, without the NUL behind it. */
const MAX_SOCKET_PATH_BYTES = 107;
/** The supervisor binds NAME.PID before it gives the socket its name: the largest pid of a 64-bit kernel. */
const TEMPORARY_SUFFIX = '.4194304';
const WORLD_SEARCHABLE = 0o001;
/** Used by root when the clone is in a folder that others may not enter, such as /root. */
const SHARED_DIRECTORY = '/var/lib/slapos-quickstart';
/** Debian's user for work that belongs to nobody in particular. */
const FALLBACK_USER = 'nobody';

/**
 * @typedef {object} Place
 * @property {string} directory where everything is kept
 * @property {string} owner name of the user whom software and instances belong to
 * @property {boolean} isRoot whether the node runs as root and drops to `owner`
 */

/**
 * Decides where to work. Nothing is made yet.
 *
 * A node never builds or runs anything of a partition as root. So when root types the command, software and partitions belong to an ordinary
 * user: the one who called sudo, else `nobody`. That user must be able to reach the folder.
 * @param {string | undefined} wanted what `--directory` says
 * @returns {Promise<Place>}
 * @throws {SetupError} when the place cannot be used
 */
export async function chooseDirectory(wanted) {
  const isRoot = process.geteuid?.() === 0;
  const owner = await ownerName(isRoot);
  let directory = resolve(wanted ?? join(WORKSPACE_ROOT, '.slapos'));
  const closed = isRoot ? await closedAncestor(directory) : undefined;
  if (closed !== undefined && wanted !== undefined) {
    throw new SetupError(
      `${directory} cannot be used: software is built and run as the user ${owner}, who may not enter ${closed}.\n` +
        `Choose a folder that everybody can reach (--directory /srv/slapos), or run the quickstart as an ordinary user.`,
    );
  }
  if (closed !== undefined) {
    console.log(
      `The user ${owner}, as whom software is built and run, may not enter ${closed}: using ${SHARED_DIRECTORY} instead of ${directory}.`,
    );
    directory = SHARED_DIRECTORY;
  }
  checkSocketPath(directory);
  return { directory, owner, isRoot };
}

/** @param {string} directory */
function checkSocketPath(directory) {
  const socket = join(directory, 'inst/sv.sock');
  const excess = Buffer.byteLength(socket + TEMPORARY_SUFFIX) - MAX_SOCKET_PATH_BYTES;
  if (excess <= 0) return;
  throw new SetupError(
    `${directory} is too long a path: the supervisor's socket ${socket} (first ${socket}.PID) would be ${excess} bytes over the ${MAX_SOCKET_PATH_BYTES} that Linux allows.\n` +
      'Choose a shorter one: npm run quickstart -- --directory /tmp/slapos',
  );
}

/**
 * Makes sure that the folder can be made or written.
 * @param {string} directory
 * @throws {SetupError}
 */
export async function checkWritable(directory) {
  let existing = directory;
  while (!(await stat(existing).catch(() => undefined))) existing = dirname(existing);
  try {
    await access(existing, constants.W_OK | constants.X_OK);
  } catch {
    throw new SetupError(
      `${directory} cannot be made: you may not write in ${existing}.\nChoose another folder (npm run quickstart -- --directory ~/slapos), or change the owner of ${existing}.`,
    );
  }
}

/**
 * The nearest folder above (or at) `directory` that other users may not enter.
 * @param {string} directory
 * @returns {Promise<string | undefined>}
 */
async function closedAncestor(directory) {
  for (let folder = directory; ; folder = dirname(folder)) {
    const stats = await stat(folder).catch(() => undefined);
    if (stats && (stats.mode & WORLD_SEARCHABLE) === 0) return folder;
    if (folder === '/') return undefined;
  }
}

/**
 * @param {boolean} isRoot
 * @returns {Promise<string>}
 */
async function ownerName(isRoot) {
  const uid = isRoot ? Number(process.env['SUDO_UID'] ?? 0) : process.geteuid?.();
  if (uid === 0) return FALLBACK_USER;
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.split(':')[2] === String(uid));
  const name = line?.split(':')[0];
  if (name !== undefined) return name;
  throw new SetupError(
    `The user with uid ${uid} has no entry in /etc/passwd, and a node needs to know its users by name. Run the quickstart as another user.`,
  );
}
