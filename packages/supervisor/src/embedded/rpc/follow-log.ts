import fs from 'node:fs';
import type http from 'node:http';
import { openLogForReading } from '../process/safe-open.js';

/** Where a follower begins, before the end. */
const HEAD_BYTES = 1024;
const LOOK_MS = 250;
const CHUNK_BYTES = 64 * 1024;

/** Sends the end of a log and then what is added, also after it was rotated, until the other side has enough (spec: supervisor §9.1). */
export async function followLog(
  response: http.ServerResponse,
  fileOf: () => string | undefined,
  uid: number | undefined,
): Promise<void> {
  let descriptor = openIfThere(fileOf(), uid);
  if (descriptor === undefined) {
    response.writeHead(404, { 'Content-Type': 'text/plain' });
    response.end('Not Found');
    return;
  }
  const stats = fs.fstatSync(descriptor);
  let offset = Math.max(0, stats.size - HEAD_BYTES);
  response.writeHead(200, { 'Content-Type': 'text/plain;charset=utf-8', 'Last-Modified': stats.mtime.toUTCString() });
  response.flushHeaders();
  const isOpen = (): boolean => !response.destroyed && !response.writableEnded;
  try {
    while (isOpen()) {
      const sent = await send(response, descriptor, offset);
      offset += sent;
      if (sent > 0) continue;
      const size = fs.fstatSync(descriptor).size;
      if (size < offset) {
        response.write('==> File truncated <==\n');
        offset = 0;
        continue;
      }
      const next = openIfThere(fileOf(), uid);
      if (next !== undefined && fs.fstatSync(next).ino !== fs.fstatSync(descriptor).ino) {
        fs.closeSync(descriptor);
        descriptor = next;
        offset = 0;
        continue;
      }
      if (next !== undefined) fs.closeSync(next);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

async function send(response: http.ServerResponse, descriptor: number, offset: number): Promise<number> {
  const bytes = Buffer.alloc(CHUNK_BYTES);
  const length = fs.readSync(descriptor, bytes, 0, bytes.length, offset);
  if (length > 0 && !response.write(bytes.subarray(0, length))) {
    // A slow reader must not make the daemon hold its log in memory.
    await new Promise<void>((resolve) => {
      response.once('drain', () => resolve());
      response.once('close', () => resolve());
    });
  }
  return length;
}

function openIfThere(file: string | undefined, uid: number | undefined): number | undefined {
  try {
    return file === undefined ? undefined : openLogForReading(file, uid);
  } catch {
    return undefined;
  }
}
