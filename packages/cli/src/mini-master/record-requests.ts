import { open } from 'node:fs/promises';
import type { LogFields, Logger } from '@slapos/host';

/** The message of the mini-master's log that there is one of for each request. */
const REQUEST = 'Request';

/** A log that keeps what is said of requests. Disposing of it writes what is left. */
export interface RequestRecorder extends AsyncDisposable {
  readonly logger: Logger;
}

/**
 * Keeps each request that a mini-master answers, as a JSON line: when, method, address, status, duration; what was sent is not kept, as it
 * may hold secrets.
 * @param file none when nobody wants one; else it is written anew
 */
export async function recordRequests(file: string | undefined, logger: Logger): Promise<RequestRecorder> {
  if (file === undefined) return { logger, [Symbol.asyncDispose]: () => Promise.resolve() };
  const handle = await open(file, 'w');
  let written: Promise<unknown> = Promise.resolve();
  const keep = (fields: LogFields | undefined): void => {
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...fields })}\n`;
    written = written.then(() => handle.appendFile(line));
    // Told at the end; until then it is no reason to stop answering.
    written.catch(() => undefined);
  };
  const recording = (inner: Logger): Logger => ({
    debug: (message, fields) => {
      inner.debug(message, fields);
    },
    info: (message, fields) => {
      if (message === REQUEST) keep(fields);
      inner.info(message, fields);
    },
    warn: (message, fields) => {
      inner.warn(message, fields);
    },
    error: (message, fields) => {
      inner.error(message, fields);
    },
    child: (fields) => recording(inner.child(fields)),
  });
  return {
    logger: recording(logger),
    [Symbol.asyncDispose]: async () => {
      try {
        await written;
      } finally {
        await handle.close();
      }
    },
  };
}
