import http from 'node:http';
import { SupervisorError, SupervisorFault } from '../errors.js';
import { readAnswer } from '../xml-rpc/read-answer.js';
import { readArray, readStruct } from '../xml-rpc/read-value.js';
import type { RpcValue } from '../xml-rpc/values.js';
import { writeCall } from '../xml-rpc/write-call.js';

/** Longer answers than this are not supervisord's: 10,000 processes take about 12 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const NOT_RUNNING_CODES = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE']);

/** So that a daemon that does them one after the other looks after its services now and then. */
const CALLS_IN_ONE = 100;
/** A name for TLS, which is not used here: Node.js looks for one in the headers else, and that takes milliseconds. */
const NO_SERVER_NAME = { servername: '' };
const FAULT_MEMBERS = { faultCode: 'number', faultString: 'string' } as const;

export interface CallOptions {
  /** How long the answer may take. Default: as long as it takes, since a group may need a minute to stop. */
  readonly timeoutMs?: number | undefined;
  /** Gives up waiting; the call itself may still be carried out. */
  readonly signal?: AbortSignal | undefined;
}

/** Calls methods of supervisord over its Unix socket: a connection for each call, as the reference does (spec: supervisor §6). */
export class RpcClient {
  readonly #socketPath: () => Promise<string>;

  /** @param socketPath asked anew for each call, because the socket in use can change (spec: supervisor §1) */
  constructor(socketPath: () => Promise<string>) {
    this.#socketPath = socketPath;
  }

  /**
   * Calls `supervisor.METHOD`.
   * @throws SupervisorError `SUPERVISOR_NOT_RUNNING`, `SUPERVISOR_NOT_ANSWERING`, `SUPERVISOR_INVALID_ANSWER`; SupervisorFault
   */
  async call(method: string, parameters: readonly RpcValue[] = [], options: CallOptions = {}): Promise<RpcValue> {
    return this.#call(`supervisor.${method}`, parameters, options);
  }

  /**
   * Calls `supervisor.METHOD` once for each name, several in one request: a supervisord with many groups takes
   * longer for a connection than for the work.
   * @throws SupervisorError as {@link call}; SupervisorFault of the first that was refused, and then those before it were done
   */
  async callForEach(method: string, names: readonly string[]): Promise<void> {
    for (let begin = 0; begin < names.length; begin += CALLS_IN_ONE) {
      const calls = names
        .slice(begin, begin + CALLS_IN_ONE)
        .map((name): RpcValue => ({ methodName: `supervisor.${method}`, params: [name] }));
      const results = await this.#call('system.multicall', [calls], {});
      const [fault] = readArray(results, (result) => result, 'results').filter(isRefusal);
      if (fault === undefined) continue;
      const { faultCode, faultString } = readStruct(fault, FAULT_MEMBERS, 'fault');
      throw new SupervisorFault(method, faultCode, faultString);
    }
  }

  async #call(method: string, parameters: readonly RpcValue[], options: CallOptions): Promise<RpcValue> {
    const socket = await this.#socketPath();
    const body = await post(socket, writeCall(method, parameters), options);
    let answer: ReturnType<typeof readAnswer>;
    try {
      answer = readAnswer(body);
    } catch (cause) {
      throw invalidAnswer(socket, method, cause);
    }
    if (answer.kind === 'fault') throw new SupervisorFault(method, answer.code, answer.message);
    return answer.value;
  }
}

/** Whether a call of several was refused; what the others gave is of no use here. */
function isRefusal(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'faultCode' in result;
}

export function invalidAnswer(socket: string, method: string, cause: unknown): SupervisorError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SupervisorError(
    'SUPERVISOR_INVALID_ANSWER',
    `What listens on ${socket} does not answer ${method} as supervisord does: ${reason}`,
    {
      cause,
    },
  );
}

function post(socketPath: string, document: string, { timeoutMs, signal }: CallOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const patience = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const ends = [patience, signal].filter((end) => end !== undefined);
    const fail = (cause: unknown): void =>
      reject(
        signal?.aborted === true
          ? new Error('Nobody waits for the answer any more', { cause: signal.reason })
          : patience?.aborted === true
            ? noAnswer(socketPath, timeoutMs ?? 0)
            : connectionFailure(socketPath, cause),
      );
    const request = http.request(
      {
        socketPath,
        path: '/RPC2',
        method: 'POST',
        agent: false,
        ...NO_SERVER_NAME,
        headers: { 'Content-Type': 'text/xml', 'Content-Length': Buffer.byteLength(document) },
        ...(ends.length === 0 ? {} : { signal: AbortSignal.any(ends) }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > MAX_ANSWER_BYTES)
            request.destroy(new Error(`an answer longer than ${String(MAX_ANSWER_BYTES)} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', fail);
        response.on('end', () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
          else reject(invalidAnswer(socketPath, 'RPC2', new Error(`HTTP status ${String(response.statusCode)}`)));
        });
      },
    );
    request.on('error', fail);
    request.end(document);
  });
}

export function connectionFailure(socketPath: string, cause: unknown): SupervisorError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint = NOT_RUNNING_CODES.has(code) ? 'Start it with: slapos node supervisord' : undefined;
  return new SupervisorError('SUPERVISOR_NOT_RUNNING', `No supervisor answers on ${socketPath}: ${reason}`, {
    ...(hint === undefined ? {} : { hint }),
    retryable: true,
    cause,
  });
}

function noAnswer(socketPath: string, timeoutMs: number): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_NOT_ANSWERING',
    `The supervisor on ${socketPath} did not answer within ${String(timeoutMs)} ms`,
    { hint: 'Look whether it was stopped (kill -CONT goes on), or is overloaded.', retryable: true },
  );
}
