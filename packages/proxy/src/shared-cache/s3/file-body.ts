import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

import type { S3Body } from './s3-bucket.js';

/** A range of a file, read when it is sent. */
export function fileBody(file: string, from: number, byteLength: number, sha256: string): S3Body {
  return {
    sha256,
    byteLength,
    open: () =>
      byteLength === 0 ? '' : Readable.toWeb(createReadStream(file, { start: from, end: from + byteLength - 1 })),
  };
}
