import fs from 'node:fs';

import { fileError, HostError, systemErrorCode } from '../errors.js';

/** As a shell does it; the kernel cares for the one write only. */
const NO_FOLLOW_WRITE = fs.constants.O_WRONLY | fs.constants.O_NOFOLLOW | fs.constants.O_TRUNC;
/** Opening must neither wait for a medium nor touch one. */
const NO_WAIT_READ = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
const MINOR_LOW_BITS = 0xff;
const MINOR_HIGH_SHIFT = 12;
const MAJOR_SHIFT = 8;
const MAJOR_BITS = 0xfff;

/**
 * Writes to a file below `/sys` or `/proc`, in one write as the kernel wants it: such files are neither made nor replaced.
 * @throws HostError `HOST_FILE_FAILED`
 */
export function writeKernelFile(file: string, text: string): void {
  try {
    const descriptor = fs.openSync(file, NO_FOLLOW_WRITE);
    try {
      fs.writeSync(descriptor, text);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (error) {
    throw fileError('write', file, error);
  }
}

/** Makes a folder in a file system of the kernel, such as a control group; one that is there is fine. @throws HostError `HOST_FILE_FAILED` */
export function makeKernelDirectory(directory: string): void {
  try {
    fs.mkdirSync(directory);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw fileError('make', directory, error);
  }
}

/**
 * Removes a folder of a file system of the kernel, such as a control group; one that is not there is fine.
 * @returns `false` when it is in use: the kernel keeps a group that has processes
 * @throws HostError `HOST_FILE_FAILED`
 */
export function removeKernelDirectory(directory: string): boolean {
  try {
    fs.rmdirSync(directory);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EBUSY') return false;
    if (code !== 'ENOENT') throw fileError('remove', directory, error);
  }
  return true;
}

/**
 * Gives a block device to a user and a group, if the file still is the device that was meant.
 * The device is `major:minor`, as `BlockDevice` has it.
 * @throws HostError `HOST_UNTRUSTED_ENTRY` when it is something else, `HOST_FILE_FAILED`
 */
export function giveBlockDevice(
  file: string,
  { device, uid, gid }: { readonly device: string; readonly uid: number; readonly gid: number },
): void {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, NO_WAIT_READ);
  } catch (error) {
    throw fileError('open', file, error);
  }
  try {
    const stats = fs.fstatSync(descriptor);
    if (!stats.isBlockDevice() || deviceText(stats.rdev) !== device)
      throw new HostError('HOST_UNTRUSTED_ENTRY', `${file} is not the block device ${device}`);
    fs.fchownSync(descriptor, uid, gid);
  } catch (error) {
    throw fileError('change the owner of', file, error);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** `major:minor` of a device number of Linux. */
function deviceText(rdev: number): string {
  const major = (rdev >> MAJOR_SHIFT) & MAJOR_BITS;
  const minor = (rdev & MINOR_LOW_BITS) | ((rdev >> MINOR_HIGH_SHIFT) & ~MINOR_LOW_BITS);
  return `${String(major)}:${String(minor)}`;
}
