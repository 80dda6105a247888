import { gunzipSync, gzipSync } from 'node:zlib';

/** Documents repeat themselves so much that the fastest level leaves a twentieth. */
const LEVEL = 1;
/** What zlib takes at least. */
const LEAST_CHUNK_SIZE = 64;

/** ASCII text that is kept for long and looked at now and then: it takes a fraction of its size. */
export class PackedText {
  /** Of the text itself. */
  readonly byteLength: number;
  /** In gzip format; the packed texts of several one after the other are the packed text of all (RFC 1952 §2.2). */
  readonly packed: Buffer<ArrayBuffer>;

  constructor(text: string) {
    this.byteLength = text.length;
    this.packed = gzipSync(Buffer.from(text, 'latin1'), { level: LEVEL });
  }

  toBytes(): Buffer<ArrayBuffer> {
    return gunzipSync(this.packed, { chunkSize: Math.max(this.byteLength + 1, LEAST_CHUNK_SIZE) });
  }

  toString(): string {
    return this.toBytes().toString('latin1');
  }
}
