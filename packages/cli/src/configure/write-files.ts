import { randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** Only the owner reads and writes it. */
export const PRIVATE_FILE = 0o600;
/** Everybody may pass through, nobody may look around. */
export const PASSAGE_FOLDER = 0o711;
/** Only for the owner. */
export const PRIVATE_FOLDER = 0o700;
const READ_AND_PASS = 0o055;
const PERMISSIONS = 0o7777;

/** Whether there is something of this name, even a link that leads nowhere. */
export async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/** Writes a file whole or not at all; never, not even for an instant, with other permissions. */
export async function writeWhole(file: string, content: string, mode: number): Promise<void> {
  const temporary = `${file}.${randomUUID()}`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.chmod(mode);
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes a folder with this mode; its parents are made as usual. */
export async function makeFolder(folder: string, mode: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, mode);
}

/** Makes the folders above a file that are not there. */
export async function makeParents(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
}

/** Lets everybody read and pass the parents of a folder (spec: cli §3.11). */
export async function openParents(folder: string): Promise<void> {
  for (let parent = path.dirname(folder); parent !== path.dirname(parent); parent = path.dirname(parent)) {
    const { mode } = await stat(parent);
    if ((mode & READ_AND_PASS) !== READ_AND_PASS) await chmod(parent, (mode & PERMISSIONS) | READ_AND_PASS);
  }
}

/** The first of `folder.old`, `folder.old.1`, `folder.old.2`, … that is free. */
export async function freeName(folder: string): Promise<string> {
  for (let number = 0; ; number += 1) {
    const name = number === 0 ? `${folder}.old` : `${folder}.old.${number}`;
    if (!(await exists(name))) return name;
  }
}
