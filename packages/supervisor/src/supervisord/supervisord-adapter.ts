import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type CommandRunner, isProcessAlive, type Logger, readProcessStatus } from '@slapos/host';
import { socketPath, strayFromLegacySocket, supervisorPaths } from '../configuration/paths.js';
import { FAULTS, SupervisorError, SupervisorFault } from '../errors.js';
import type { LogTail, ProcessInfo, Supervisor, UpdateResult } from '../supervisor.js';
import { readArray, readScalar } from '../xml-rpc/read-value.js';
import { ensureSupervisord, isRunning } from './launch.js';
import { readProcessInfo, readProcessInfoList } from './process-info.js';
import { invalidAnswer, RpcClient } from './rpc-client.js';
import type { SupervisorKind } from './supervisor-kind.js';
import { stopProcessGroup, updateGroups } from './update.js';

const POLL_INTERVAL_MS = 50;
/** Anything but the current state says that there is a connection; short, because it is only a look. */
const PRESENCE_TIMEOUT_MS = 5000;
/** A busy machine is slow; one that takes longer than this hangs. */
const DEFAULT_ANSWER_TIMEOUT_MS = 30_000;

export interface SupervisordAdapterOptions {
  /** Absolute. Its `etc/supervisord.conf` must have been written: `writeSupervisorEnvironment`. */
  readonly instanceRoot: string;
  readonly commands: CommandRunner;
  readonly logger: Logger;
  /** What is started when none runs. Default `supervisord`. */
  readonly kind?: SupervisorKind | undefined;
  /** How long a supervisor that is there may take to tell its state before it counts as hanging, in milliseconds. Default: 30,000. */
  readonly answerTimeoutMs?: number | undefined;
  /** The words that start the embedded supervisor, instead of this package's own program. */
  readonly embeddedCommand?: readonly [string, ...string[]] | undefined;
}

/**
 * A {@link Supervisor} in a process of its own, spoken to over XML-RPC on its Unix socket: a stock supervisord, or the embedded daemon,
 * which speaks the same. Disposing of it stops nothing.
 */
export function createSupervisordAdapter(options: SupervisordAdapterOptions): Supervisor {
  return new SupervisordAdapter(options);
}

class SupervisordAdapter implements Supervisor {
  readonly #instanceRoot: string;
  readonly #commands: CommandRunner;
  readonly #logger: Logger;
  readonly #rpc: RpcClient;
  readonly #kind: SupervisorKind;
  readonly #answerTimeoutMs: number;
  readonly #embeddedCommand: readonly [string, ...string[]] | undefined;

  constructor(options: SupervisordAdapterOptions) {
    const { instanceRoot, commands, logger, kind = 'supervisord' } = options;
    this.#kind = kind;
    this.#answerTimeoutMs = options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS;
    this.#embeddedCommand = options.embeddedCommand;
    this.#instanceRoot = instanceRoot;
    this.#commands = commands;
    this.#logger = logger;
    this.#rpc = new RpcClient(() => socketPath(instanceRoot));
  }

  async ensureRunning(): Promise<void> {
    await this.#endStray();
    await ensureSupervisord({
      rpc: this.#rpc,
      commands: this.#commands,
      paths: supervisorPaths(this.#instanceRoot),
      logger: this.#logger,
      kind: this.#kind,
      answerTimeoutMs: this.#answerTimeoutMs,
      embeddedCommand: this.#embeddedCommand,
    });
  }

  isRunning(): Promise<boolean> {
    return isRunning(this.#rpc, PRESENCE_TIMEOUT_MS);
  }

  update(): Promise<UpdateResult> {
    return updateGroups(this.#rpc, this.#logger);
  }

  async startGroup(group: string): Promise<'started' | 'nothing-to-start'> {
    try {
      // Without waiting: a service may take as long as it likes to come up, and promises say whether it did.
      await this.#rpc.call('startProcessGroup', [group, false]);
      return 'started';
    } catch (error) {
      if (isFault(error, FAULTS.BAD_NAME)) return 'nothing-to-start';
      throw error;
    }
  }

  async startAll(): Promise<void> {
    await this.#rpc.call('startAllProcesses', [false]);
  }

  async startProcess(name: string): Promise<void> {
    try {
      await this.#rpc.call('startProcess', [name, false]);
    } catch (error) {
      if (!isFault(error, FAULTS.ALREADY_STARTED)) throw error;
    }
  }

  async stopGroup(group: string): Promise<void> {
    try {
      if (await stopProcessGroup(this.#rpc, group, this.#logger)) return;
    } catch (error) {
      if (isFault(error, FAULTS.BAD_NAME)) return;
      throw error;
    }
    throw new SupervisorError('SUPERVISOR_STILL_RUNNING', `The services of ${group} did not stop`, { retryable: true });
  }

  async processInfo(name: string): Promise<ProcessInfo | undefined> {
    try {
      return await this.#read('getProcessInfo', [name], readProcessInfo);
    } catch (error) {
      if (isFault(error, FAULTS.BAD_NAME)) return undefined;
      throw error;
    }
  }

  allProcessInfo(): Promise<ProcessInfo[]> {
    return this.#read('getAllProcessInfo', [], readProcessInfoList);
  }

  async tail(name: string, stream: 'stdout' | 'stderr', bytes: number): Promise<LogTail> {
    const method = stream === 'stdout' ? 'tailProcessStdoutLog' : 'tailProcessStderrLog';
    // An offset of 0 and a length give the last bytes (spec: supervisor §9.3, tail rules).
    return this.#read(method, [name, 0, bytes], readLogTail);
  }

  async shutdown({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const pid = await this.#daemonPid();
    if (pid === undefined) return;
    const startTime = readProcessStatus(pid)?.startTime;
    // A dead one that nobody has reaped yet is gone, too.
    while (startTime !== undefined && isProcessAlive(pid) && readProcessStatus(pid)?.startTime === startTime) {
      await ignoringEnd(async () => {
        // A shutdown alone stops one group after the other, and supervisord takes a second for each, also for those that do not run.
        try {
          await this.#rpc.call('stopAllProcesses', [], { signal });
        } catch (error) {
          // Nobody waits any more, but it ends with the last of its processes.
          if (signal?.aborted === true) await this.#rpc.call('shutdown', [], { timeoutMs: PRESENCE_TIMEOUT_MS });
          throw error;
        }
        await this.#rpc.call('shutdown', [], { signal });
      });
      // Asked again, because it may just be starting again.
      await pause(POLL_INTERVAL_MS, undefined, signal === undefined ? {} : { signal });
    }
  }

  /** `undefined`: there is none. */
  async #daemonPid(): Promise<number | undefined> {
    const answered = await ignoringEnd(() => this.#read('getPID', [], (value) => readScalar(value, 'number', 'pid')));
    if (answered !== 'ending') return answered;
    // It takes no calls any more, and ends.
    const text = await readFile(supervisorPaths(this.#instanceRoot).pid, 'utf8').catch(() => '');
    return /^\d+/.test(text) ? Number.parseInt(text, 10) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Each call has a connection of its own: nothing is held.
  }

  async #read<Value>(
    method: string,
    parameters: readonly (string | number | boolean)[],
    read: (value: unknown) => Value,
  ): Promise<Value> {
    const answer = await this.#rpc.call(method, parameters);
    try {
      return read(answer);
    } catch (cause) {
      throw invalidAnswer(await socketPath(this.#instanceRoot), method, cause);
    }
  }

  /** Two supervisors over one instance root would both start its services: the one on the legacy socket stays (spec: supervisor §1). */
  async #endStray(): Promise<void> {
    const stray = await strayFromLegacySocket(this.#instanceRoot);
    if (stray === undefined) return;
    const rpc = new RpcClient(() => Promise.resolve(stray));
    if (!(await isRunning(rpc, PRESENCE_TIMEOUT_MS))) return;
    this.#logger.error('Two supervisors run for this node: the one without the legacy socket is ended', {
      socket: stray,
    });
    await rpc.call('stopAllProcesses');
    await rpc.call('shutdown');
  }
}

function readLogTail(value: unknown): LogTail {
  const [text, offset, overflow] = readArray(value, (item) => item, 'tail');
  return {
    text: readScalar(text, 'string', 'tail[0]'),
    offset: readScalar(offset, 'number', 'tail[1]'),
    overflow: readScalar(overflow, 'boolean', 'tail[2]'),
  };
}

/** Does something with a supervisor that may end meanwhile; `undefined`: it is gone. */
async function ignoringEnd<Result>(work: () => Promise<Result>): Promise<Result | 'ending' | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isFault(error, FAULTS.SHUTDOWN_STATE)) return 'ending';
    if (error instanceof SupervisorError && error.code === 'SUPERVISOR_NOT_RUNNING') return undefined;
    throw error;
  }
}

function isFault(error: unknown, code: number): boolean {
  return error instanceof SupervisorFault && error.faultCode === code;
}
