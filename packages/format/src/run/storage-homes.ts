import fs from 'node:fs/promises';
import path from 'node:path';
import { FormatError } from '../errors.js';

const DATA_FOLDER = /^data(\d+)$/;

/**
 * The extra disks below `instance_storage_home`, by number: `data1`, `data2`, `data12` (spec: format §4.7).
 * @throws FormatError `FORMAT_FOLDER` when the folder cannot be listed
 */
export async function findStorageHomes(home: string | undefined): Promise<readonly string[]> {
  if (home === undefined) return [];
  try {
    const names = (await fs.readdir(home)).filter((name) => DATA_FOLDER.test(name));
    return names.sort((one, other) => numberOf(one) - numberOf(other)).map((name) => path.join(home, name));
  } catch (cause) {
    throw new FormatError('FORMAT_FOLDER', `instance_storage_home ${home} cannot be listed`, {
      hint: 'Mount the disks below it as data1, data2 …, or remove the key from [slapformat].',
      cause,
    });
  }
}

function numberOf(name: string): number {
  return Number(DATA_FOLDER.exec(name)?.[1]);
}
