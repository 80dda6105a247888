import { isSlapOSError } from '@slapos/host';

import type { ManagedPartition } from './subjects.js';

const MAX_BYTES = 1024 * 1024;

/**
 * Reads a file by which an instance asks a manager for something; `undefined` when it is absent. Whatever else has its name – a link, a FIFO,
 * a folder, something huge – is not read. (spec: security S26)
 */
export async function readRequestFile(
  { folder, logger }: Pick<ManagedPartition, 'folder' | 'logger'>,
  name: string,
): Promise<string | undefined> {
  try {
    return await folder.readText(name, { maxBytes: MAX_BYTES });
  } catch (error) {
    if (!isSlapOSError(error) || !['HOST_UNTRUSTED_ENTRY', 'HOST_FILE_TOO_LARGE'].includes(error.code)) throw error;
    logger.warn('The request file of a manager is not read: it is no small plain file', { file: name, error });
    return undefined;
  }
}

/** A request file that holds a list in JSON. `invalid`: it holds something else, which has been logged. */
export async function readRequestList(
  partition: Pick<ManagedPartition, 'folder' | 'logger'>,
  name: string,
): Promise<unknown[] | 'absent' | 'invalid'> {
  const text = await readRequestFile(partition, name);
  if (text === undefined) return 'absent';
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value as unknown[];
  } catch {
    // Said below.
  }
  partition.logger.warn('The request file of a manager does not hold a list in JSON', { file: name });
  return 'invalid';
}
