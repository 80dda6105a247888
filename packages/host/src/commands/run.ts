import { HostError, systemErrorCode } from '../errors.js';
import type { Command, CommandResult } from './command.js';
import { BoundedText, LineSplitter, WholeText } from './output.js';
import { ProcessTree } from './process-tree.js';
import type { SpawnedExit, SpawnedProcess, Spawner, SpawnRequest } from './spawner.js';

/** Long enough for an orderly end, short enough that a pass goes on. */
const DEFAULT_KILL_GRACE_MS = 5000;
/** What was written before the end arrives at once; somebody who still holds the output after that keeps it for himself. */
const OUTPUT_DRAIN_MS = 1000;
/** How often the members of a process tree are counted while they end. */
const TREE_POLL_MS = 20;
const MAX_WHOLE_OUTPUT_BYTES = 64 * 1024 * 1024;

/** The statuses with which setpriv, prlimit and sh say that they could not start the program. */
const LAUNCH_FAILURES = new Set([126, 127]);
const LAUNCH_FAILURE_MESSAGE = /^(?:setpriv: failed to execute |prlimit: failed to execute |sh: \d+: exec: )[^\n]*\n?$/;

class OutputKeeper {
  readonly #whole: WholeText | undefined;
  readonly #report = new BoundedText();
  readonly #splitter: LineSplitter;
  #first = true;
  #lastByte = 0;

  constructor(command: Command, stream: 'stdout' | 'stderr', report: (line: string) => void) {
    this.#whole =
      command.keepOutput === 'whole' && stream === 'stdout' ? new WholeText(MAX_WHOLE_OUTPUT_BYTES) : undefined;
    this.#splitter = new LineSplitter((line) => {
      if (this.#whole === undefined) {
        if (!this.#first) this.#report.append('\n');
        this.#report.append(line);
      }
      this.#first = false;
      report(line);
    });
  }

  /** Returns false when there is too much of it. */
  write(chunk: Uint8Array): boolean {
    this.#lastByte = chunk.at(-1) ?? this.#lastByte;
    this.#splitter.write(chunk);
    return this.#whole?.append(chunk) ?? true;
  }

  end(): string {
    this.#splitter.end();
    const NEWLINE = 0x0a;
    if (this.#whole !== undefined) return this.#whole.toString();
    if (this.#lastByte === NEWLINE) this.#report.append('\n');
    return this.#report.toString();
  }
}

function startError(command: Command, program: string, error: unknown): HostError {
  const code = systemErrorCode(error);
  const absent = code === 'ENOENT' || code === 'ENOTDIR';
  return new HostError(
    absent ? 'HOST_COMMAND_NOT_FOUND' : 'HOST_COMMAND_FAILED_TO_START',
    `Cannot start ${JSON.stringify(program)}: ${code ?? String(error)}`,
    {
      cause: error,
      retryable: code === 'EAGAIN' || code === 'ENOMEM' || code === 'EMFILE',
      ...(code === 'E2BIG'
        ? { hint: `The ${String(command.args.length)} arguments are too long for the kernel.` }
        : {}),
    },
  );
}

/** Ends a process tree: SIGTERM, a while to end in, SIGKILL for whatever is left of it. Resolves when none is alive. */
async function endTree(tree: ProcessTree, exited: Promise<unknown>, graceMs: number): Promise<void> {
  tree.signal('SIGTERM');
  const deadline = performance.now() + graceMs;
  while (performance.now() < deadline) {
    tree.look();
    if (tree.alive().length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, TREE_POLL_MS));
  }
  tree.look();
  if (tree.alive().length > 0) tree.kill();
  await exited;
}

interface Ending {
  timedOut: boolean;
  failure: Error | undefined;
}

/** Waits for the end of a process, or brings it about: time-out, abort, or a failure on our side. */
async function awaitEnd(
  command: Command,
  started: SpawnedProcess,
  ending: Ending,
  stop: { readonly signal: AbortSignal },
): Promise<SpawnedExit> {
  const tree = new ProcessTree(started.pid, { isSessionLeader: command.inheritTerminal !== true });
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<'stop'>((resolve) => {
    if (command.timeoutMs !== undefined) {
      timer = setTimeout(() => {
        ending.timedOut = true;
        resolve('stop');
      }, command.timeoutMs);
    }
    if (stop.signal.aborted) resolve('stop');
    stop.signal.addEventListener('abort', () => resolve('stop'), { once: true });
  });
  try {
    const first = await Promise.race([started.exited, stopped]);
    if (first === 'stop') await endTree(tree, started.exited, command.killGraceMs ?? DEFAULT_KILL_GRACE_MS);
    else if (command.killLeftovers === true) tree.kill();
    return await started.exited;
  } finally {
    clearTimeout(timer);
  }
}

async function drain(started: SpawnedProcess): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, OUTPUT_DRAIN_MS);
  });
  await Promise.race([started.outputClosed, patience]);
  clearTimeout(timer);
  started.closeOutput();
}

function throwIfNotStarted(program: string, result: CommandResult): void {
  if (result.exitCode === null || !LAUNCH_FAILURES.has(result.exitCode)) return;
  const message = result.stderr === '' ? result.output : result.stderr;
  if (!LAUNCH_FAILURE_MESSAGE.test(message)) return;
  throw new HostError('HOST_COMMAND_FAILED_TO_START', `Cannot start ${JSON.stringify(program)}: ${message.trim()}`, {
    hint: 'Check that the user may execute it, and that the interpreter in its first line exists.',
  });
}

/** Starts a prepared command and sees it through to its end. */
export async function superviseRun(
  command: Command,
  program: string,
  request: SpawnRequest,
  spawner: Spawner,
  signal: AbortSignal | undefined,
): Promise<CommandResult> {
  const aborted = (): HostError =>
    new HostError('HOST_COMMAND_ABORTED', `${JSON.stringify(program)} was stopped because we were asked to`, {
      cause: signal?.reason,
    });
  if (signal?.aborted === true) throw aborted();
  const begin = performance.now();
  const ending: Ending = { timedOut: false, failure: undefined };
  const stop = new AbortController();
  const onAbort = (): void => fail(aborted());
  const fail = (error: Error): void => {
    ending.failure ??= error;
    stop.abort();
  };
  const keeper = (stream: 'stdout' | 'stderr'): OutputKeeper =>
    new OutputKeeper(command, stream, (line) => {
      try {
        command.onLine?.(line, stream);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
  const keepers = { stdout: keeper('stdout'), stderr: keeper('stderr') };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const started = await spawner
      .spawn(request, {
        onOutput(chunk, stream) {
          if (keepers[stream].write(chunk)) return;
          fail(
            new HostError(
              'HOST_COMMAND_OUTPUT_TOO_LARGE',
              `${JSON.stringify(program)} wrote more than ${String(MAX_WHOLE_OUTPUT_BYTES)} bytes`,
            ),
          );
        },
      })
      .catch((error: unknown) => {
        throw startError(command, program, error);
      });
    const exit = await awaitEnd(command, started, ending, stop);
    await drain(started);
    const output = keepers.stdout.end();
    const stderr = keepers.stderr.end();
    if (ending.failure !== undefined) throw ending.failure;
    const durationMs = performance.now() - begin;
    const separate = command.separateStderr === true;
    const result: CommandResult = {
      ...exit,
      output: separate ? output : output + stderr,
      stderr: separate ? stderr : '',
      timedOut: ending.timedOut,
      durationMs,
    };
    throwIfNotStarted(program, result);
    return result;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
