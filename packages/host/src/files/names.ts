import { HostError } from '../errors.js';
import { readProcessStatus } from '../commands/process-tree.js';

/** The longest name of one entry on Linux file systems, in bytes. */
const MAX_NAME_BYTES = 255;
const RANDOM_BYTES = 16;
/** It cannot be written as UTF-8, so two such names would be one on the disk. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Refuses what is not the name of one entry: empty, `.`, `..`, with `/` or NUL, too long.
 * @throws HostError `HOST_INVALID_ARGUMENT`.
 */
export function checkEntryName(name: string): void {
  const bad =
    name === '' ||
    name === '.' ||
    name === '..' ||
    name.includes('/') ||
    name.includes('\0') ||
    LONE_SURROGATE.test(name);
  if (bad || Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new HostError(
      'HOST_INVALID_ARGUMENT',
      `${JSON.stringify(name.slice(0, MAX_NAME_BYTES))} is not the name of a folder's entry`,
      {
        hint: 'One name: not empty, not "." or "..", at most 255 bytes, without "/" and NUL.',
      },
    );
  }
}

const TEMPORARY = /^\.slapos-tmp-(\d{1,10})-(\d{1,20})-[0-9a-f]{32}$/;

/** A name that nobody can guess, and from which a later process can tell whether its maker still lives. */
export function temporaryName(): string {
  const startTime = readProcessStatus(process.pid)?.startTime ?? '0';
  return `.slapos-tmp-${String(process.pid)}-${startTime}-${randomHex()}`;
}

/** With the global `crypto`, which is loaded when it is used: most commands write no file. */
function randomHex(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))).toString('hex');
}

/** Whether the name is one of ours whose maker died before it could clean up. */
export function isStaleTemporaryName(name: string): boolean {
  const match = TEMPORARY.exec(name);
  if (match === null) return false;
  return readProcessStatus(Number(match[1]))?.startTime !== match[2];
}
