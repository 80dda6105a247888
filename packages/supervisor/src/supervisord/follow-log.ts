import http from 'node:http';
import { connectionFailure } from './rpc-client.js';

const NOT_FOUND = 404;

/**
 * Follows a log of a supervisor: the last kilobyte, then what is added, until `signal` is aborted or the supervisor ends
 * (spec: supervisor §9.1).
 * @param path `/logtail/NAME/STREAM` or `/mainlogtail`
 * @returns whether there is such a log
 * @throws SupervisorError `SUPERVISOR_NOT_RUNNING`
 */
export function followLog(
  socketPath: string,
  path: string,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      resolve(true);
      return;
    }
    // supervisord holds an answer back for ever when the connection is to be closed after it.
    const headers = { Connection: 'keep-alive' };
    const request = http.get({ socketPath, path, agent: false, headers }, (response) => {
      const isThere = response.statusCode !== NOT_FOUND;
      // Characters of more than one byte may be cut between two pieces.
      const decoder = new TextDecoder();
      response.on('data', (piece: Buffer) => {
        if (isThere) print(decoder.decode(piece, { stream: true }));
      });
      response.once('close', () => resolve(isThere));
      // A supervisor that ends cuts the log off: there is no more to follow.
      response.once('error', () => resolve(isThere));
    });
    signal.addEventListener('abort', () => request.destroy(), { once: true });
    request.once('error', (error) => {
      if (signal.aborted) resolve(true);
      else reject(connectionFailure(socketPath, error));
    });
  });
}
