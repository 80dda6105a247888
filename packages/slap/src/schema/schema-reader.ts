import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { statusError } from '../client/http-errors.js';
import { HttpTransport } from '../client/http-transport.js';
import { SlapError } from '../errors.js';
import { silentLogger } from '../logger.js';

const MAX_SCHEMA_BYTES = 5 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 60_000;

/** Reads the JSON document at a URL or plain path. */
export type SchemaReader = (url: string) => Promise<unknown>;

/** Whether a Software Release is named by a path of this machine and not by a URL. */
export function isPlainPath(softwareReleaseUrl: string): boolean {
  return !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(softwareReleaseUrl);
}

/**
 * A reader of http, https and file URLs and of plain paths; nothing is kept, no identity is sent.
 * @throws SlapError `SLAP_SCHEMA_UNUSABLE` when the document cannot be read or is not JSON.
 */
export function createSchemaReader(
  options: { timeoutMs?: number | undefined; proxyUrl?: string | undefined } = {},
): SchemaReader {
  return async (url) => {
    try {
      const text = /^https?:/.test(url) ? await download(url, options) : await readLocal(url);
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new SlapError('SLAP_SCHEMA_UNUSABLE', `Unable to load JSON ${url} (${reasonOf(cause)})`, { cause });
    }
  };
}

/** Class and message, as in the sentence that scripts know (spec: cli §4.2). Our transport speaks of the master; here it is not asked. */
function reasonOf(cause: unknown): string {
  const failure = cause instanceof SlapError && cause.cause instanceof Error ? deepest(cause.cause) : cause;
  return failure instanceof Error ? `${failure.name}: ${failure.message}` : String(failure);
}

/** What a chain of errors began with. */
function deepest(error: Error): Error {
  const seen = new Set<Error>();
  let current = error;
  while (current.cause instanceof Error && !seen.has(current)) {
    seen.add(current);
    current = current.cause;
  }
  return current;
}

async function download(
  url: string,
  options: { timeoutMs?: number | undefined; proxyUrl?: string | undefined },
): Promise<string> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  await using transport = new HttpTransport({
    insecure: false,
    timeoutMs,
    totalTimeoutMs: timeoutMs,
    retries: 0,
    proxyUrl: options.proxyUrl,
    maxAnswerBytes: MAX_SCHEMA_BYTES,
    userAgent: 'slapos.node',
    followsAnywhere: true,
    logger: silentLogger,
  });
  const address = new URL(url);
  const answer = await transport.send({ method: 'GET', url: address });
  const failure = statusError('GET', address, answer);
  if (failure !== undefined) throw failure;
  return answer.text();
}

async function readLocal(url: string): Promise<string> {
  await using file = await open(url.startsWith('file:') ? fileURLToPath(url) : url);
  const { size } = await file.stat();
  if (size > MAX_SCHEMA_BYTES) throw new Error(`it is longer than ${MAX_SCHEMA_BYTES} bytes`);
  return await file.readFile('utf8');
}
