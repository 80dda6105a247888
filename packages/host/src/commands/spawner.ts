import { spawn, type ChildProcess } from 'node:child_process';

/** What to start: everything is decided, nothing is looked up any more. */
export interface SpawnRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly inheritTerminal: boolean;
  /** Kill it with all its children when this process dies. */
  readonly dieWithUs: boolean;
}

export interface SpawnListener {
  /** Bytes that the process wrote. */
  onOutput(chunk: Uint8Array, stream: 'stdout' | 'stderr'): void;
}

/** How a process ended. */
export interface SpawnedExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that was started. */
export interface SpawnedProcess {
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly exited: Promise<SpawnedExit>;
  /** Resolves when nobody holds its output any more, which can be long after the end, or never. */
  readonly outputClosed: Promise<unknown>;
  /** Stops listening to the output. */
  closeOutput(): void;
}

/** The one place where processes are born. */
export interface Spawner {
  /** Rejects with a system error when the program cannot be started. */
  spawn(request: SpawnRequest, listener: SpawnListener): Promise<SpawnedProcess>;
}

/** Listens to a fresh child process: shared by the direct spawner and by nobody else that could forget an event. */
function follow(child: ChildProcess, listener: SpawnListener): Promise<SpawnedProcess> {
  const exited = new Promise<SpawnedExit>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const outputClosed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  child.stdout?.on('data', (chunk: Uint8Array) => listener.onOutput(chunk, 'stdout'));
  child.stderr?.on('data', (chunk: Uint8Array) => listener.onOutput(chunk, 'stderr'));
  // The child may close its input or end before it has read all of it: that is its right.
  child.stdin?.on('error', () => {});
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      const { pid } = child;
      if (pid === undefined) return;
      const closeOutput = (): void => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      };
      resolve({ pid, exited, outputClosed, closeOutput });
    });
  });
}

/** Starts processes from this one. Cheap while this process is small: the kernel copies its page tables for each child. */
export class DirectSpawner implements Spawner {
  async spawn(request: SpawnRequest, listener: SpawnListener): Promise<SpawnedProcess> {
    const child = spawn(request.file, request.args, {
      cwd: request.cwd,
      env: request.env,
      // A session of its own, and so a process group of its own; but a terminal's keys only reach its foreground group.
      detached: !request.inheritTerminal,
      stdio: request.inheritTerminal ? 'inherit' : [request.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const started = follow(child, listener);
    if (request.input !== undefined) child.stdin?.end(request.input);
    return started;
  }
}
