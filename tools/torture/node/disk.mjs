import { execFile } from 'node:child_process';
import { open, rm, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SIZE = '48m';
const PIECE = Buffer.alloc(64 * 1024);
const BLOCK_BYTES = 4096;

/**
 * Makes a folder a small disk of its own.
 *
 * @param {string} folder
 * @returns {Promise<boolean>} false where the kernel does not allow it (an ordinary user, a container)
 */
export async function mountSmallDisk(folder) {
  if (process.geteuid?.() !== 0) return false;
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'tmpfs', folder]);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} folder */
export async function unmount(folder) {
  await run('umount', ['-l', folder]);
}

/**
 * Fills a disk up to that many bytes.
 *
 * @param {{ disk: string, ballast: string }} layout
 * @param {number} bytesLeft
 */
export async function fillDisk({ disk, ballast }, bytesLeft) {
  const file = await open(ballast, 'a');
  try {
    for (;;) {
      const { bavail, bsize } = await statfs(disk);
      const wanted = bavail * bsize - bytesLeft;
      if (wanted < BLOCK_BYTES) return;
      await file.write(PIECE.subarray(0, Math.min(PIECE.length, wanted)));
    }
  } catch (error) {
    // Somebody else took the last byte.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}

/** @param {{ ballast: string }} layout */
export async function emptyDisk({ ballast }) {
  await rm(ballast, { force: true });
}
