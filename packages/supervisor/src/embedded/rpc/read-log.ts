import fs from 'node:fs';
import { openLogForReading } from '../process/safe-open.js';
import { RpcFault } from './fault.js';

/** No more than this of a log is answered at once; answers are held in memory. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/**
 * A piece of a log (spec: supervisor §9.3, read rules).
 * @throws RpcFault
 */
export function readLog(file: string | undefined, uid: number | undefined, offset: number, length: number): string {
  return withLog(file, uid, (descriptor, size) => {
    if (length < 0 || (offset < 0 && length !== 0)) throw new RpcFault('BAD_ARGUMENTS', file);
    if (offset < 0) return readAt(descriptor, Math.max(0, size + offset), Math.min(size, -offset));
    return readAt(
      descriptor,
      offset,
      length === 0 ? Math.max(0, size - offset) : Math.min(length, Math.max(0, size - offset)),
    );
  });
}

/** The end of a log, for a reader who comes back with the offset (spec: supervisor §9.3, tail rules). */
export function tailLog(
  file: string | undefined,
  uid: number | undefined,
  wantedOffset: number,
  wantedLength: number,
): [string, number, boolean] {
  try {
    return withLog(file, uid, (descriptor, size) => {
      let offset = wantedOffset;
      let length = wantedLength;
      const overflow = size > offset + length;
      if (overflow) offset = size - 1;
      if (offset + length > size) {
        if (offset > size - 1) length = 0;
        offset = size - length;
      }
      offset = Math.max(0, offset);
      length = Math.max(0, length);
      return [length === 0 ? '' : readAt(descriptor, offset, Math.min(length, size)), size, overflow];
    });
  } catch {
    return ['', 0, false];
  }
}

function withLog<Result>(
  file: string | undefined,
  uid: number | undefined,
  read: (descriptor: number, size: number) => Result,
): Result {
  let descriptor: number | undefined;
  try {
    descriptor = file === undefined ? undefined : openLogForReading(file, uid);
  } catch {
    throw new RpcFault('FAILED', file);
  }
  if (descriptor === undefined) throw new RpcFault('NO_FILE', file);
  try {
    return read(descriptor, fs.fstatSync(descriptor).size);
  } finally {
    fs.closeSync(descriptor);
  }
}

function readAt(descriptor: number, offset: number, length: number): string {
  const bytes = Buffer.alloc(Math.min(length, MAX_READ_BYTES));
  return bytes.toString('utf8', 0, fs.readSync(descriptor, bytes, 0, bytes.length, offset));
}
