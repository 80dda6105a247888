import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

import { ProxyError } from '../errors.js';
import type { Room } from './room.js';

/** A content that is in a file of its own. */
export interface Received {
  readonly sha512: string;
  readonly sha256: string;
}

/**
 * Writes a content to a new file, and flushes it.
 * @param onPart told how much was taken of the room, part by part: whoever calls gives it back when the content is not kept
 * @throws ProxyError `PROXY_TOO_LARGE`, `PROXY_INVALID_REQUEST` when it is not what was expected
 */
export async function receive(
  content: AsyncIterable<Uint8Array>,
  path: string,
  {
    room,
    expectedHash,
    onPart,
  }: {
    readonly room: Room;
    readonly expectedHash: string | undefined;
    readonly onPart: (bytes: number) => void;
  },
): Promise<Received> {
  const sha512 = createHash('sha512');
  const sha256 = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const part of content) {
      room.take(part.byteLength);
      onPart(part.byteLength);
      sha512.update(part);
      sha256.update(part);
      await file.writeFile(part);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const hash = sha512.digest('hex');
  if (expectedHash !== undefined && hash !== expectedHash)
    throw new ProxyError('PROXY_INVALID_REQUEST', 'Checksum mismatch');
  return { sha512: hash, sha256: sha256.digest('hex') };
}
