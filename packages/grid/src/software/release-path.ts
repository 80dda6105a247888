import { createHash } from 'node:crypto';
import path from 'node:path';

/** The name of the folder of a completed or half-built Software Release: 32 hexadecimal digits. */
export const RELEASE_FOLDER_NAME = /^[0-9a-f]{32}$/;

/**
 * The MD5 of a Software Release's URL, in lower-case hexadecimal: its folder's name, and its key in the binary cache. The URL is taken
 * exactly as the master spells it. (spec: grid 1)
 */
export function softwareReleaseHash(softwareReleaseUrl: string): string {
  return createHash('md5').update(softwareReleaseUrl, 'utf8').digest('hex');
}

/** The folder of a Software Release. (spec: grid 1) */
export function softwareReleasePath(softwareRoot: string, softwareReleaseUrl: string): string {
  return path.join(softwareRoot, softwareReleaseHash(softwareReleaseUrl));
}
