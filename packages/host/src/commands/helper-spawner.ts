import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';

import type { SpawnedExit, SpawnedProcess, Spawner, SpawnListener, SpawnRequest } from './spawner.js';

const HELPER = new URL('./spawn-helper.js', import.meta.url);

/** What the helper says; it is our own code, and the kernel keeps others off its pipe. */
type HelperMessage =
  | { readonly type: 'spawned'; readonly id: number; readonly pid: number }
  | { readonly type: 'failed'; readonly id: number; readonly code: string | undefined; readonly message: string }
  | { readonly type: 'output'; readonly id: number; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array }
  | {
      readonly type: 'exit';
      readonly id: number;
      readonly exitCode: number | null;
      readonly signal: NodeJS.Signals | null;
    }
  | { readonly type: 'closed'; readonly id: number };

interface Running {
  readonly listener: SpawnListener;
  readonly onSpawned: (pid: number) => void;
  readonly onFailed: (error: Error) => void;
  readonly onExit: (exit: SpawnedExit) => void;
  readonly onClosed: () => void;
  pid: number | undefined;
}

interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
}

function deferred<Value>(): Deferred<Value> {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((resolver) => {
    resolve = resolver;
  });
  return { promise, resolve };
}

function systemError(code: string | undefined, message: string): Error {
  return code === undefined ? new Error(message) : Object.assign(new Error(message), { code });
}

/** Starts processes from a small process of its own, so that it costs the same however large this one is. */
export class HelperSpawner implements Spawner, AsyncDisposable {
  #helper: ChildProcess | undefined;
  #nextId = 0;
  readonly #running = new Map<number, Running>();

  /** Whether the helper's program is where we expect it; not so when somebody bundled us into one file. */
  static isAvailable(): boolean {
    return fs.existsSync(HELPER);
  }

  spawn(request: SpawnRequest, listener: SpawnListener): Promise<SpawnedProcess> {
    const helper = this.#start();
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const exited = deferred<SpawnedExit>();
      const closed = deferred<undefined>();
      const running: Running = {
        listener,
        pid: undefined,
        onSpawned: (pid) => {
          running.pid = pid;
          const closeOutput = (): void => this.#forget(id);
          resolve({ pid, exited: exited.promise, outputClosed: closed.promise, closeOutput });
        },
        onFailed: (error) => {
          this.#forget(id);
          reject(error);
        },
        onExit: exited.resolve,
        onClosed: () => closed.resolve(undefined),
      };
      this.#running.set(id, running);
      this.#holdProcess(helper);
      helper.send({ type: 'spawn', id, request }, (error) => {
        if (error !== null) running.onFailed(error);
      });
    });
  }

  /** Ends the helper, and with it the commands that must not outlive us. */
  async [Symbol.asyncDispose](): Promise<void> {
    const helper = this.#helper;
    if (helper === undefined) return;
    const ended = new Promise((resolve) => helper.once('exit', resolve));
    helper.ref();
    helper.disconnect();
    await ended;
  }

  #start(): ChildProcess {
    if (this.#helper?.connected === true) return this.#helper;
    // Nothing of our environment: neither secrets, nor what would make Node.js load other code.
    const helper = spawn(process.execPath, [HELPER.pathname], {
      cwd: '/',
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
    helper.on('message', (message) => this.#receive(message as HelperMessage));
    helper.once('error', (error) => this.#lose(helper, error));
    helper.once('exit', () => this.#lose(helper, new Error('the helper that starts processes has ended')));
    this.#helper = helper;
    this.#letGo(helper);
    return helper;
  }

  #receive(message: HelperMessage): void {
    const running = this.#running.get(message.id);
    if (running === undefined) return;
    switch (message.type) {
      case 'spawned':
        running.onSpawned(message.pid);
        break;
      case 'failed':
        running.onFailed(systemError(message.code, message.message));
        break;
      case 'output':
        running.listener.onOutput(message.chunk, message.stream);
        break;
      case 'exit':
        running.onExit({ exitCode: message.exitCode, signal: message.signal });
        break;
      case 'closed':
        running.onClosed();
        break;
    }
  }

  /** The helper was killed: its commands have nobody who could tell how they end, so they end now. */
  #lose(helper: ChildProcess, error: Error): void {
    if (this.#helper !== helper) return;
    this.#helper = undefined;
    for (const [id, running] of [...this.#running]) {
      if (running.pid === undefined) {
        running.onFailed(error);
        continue;
      }
      try {
        process.kill(-running.pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
      running.onExit({ exitCode: null, signal: 'SIGKILL' });
      running.onClosed();
      this.#running.delete(id);
    }
  }

  #forget(id: number): void {
    if (!this.#running.delete(id)) return;
    if (this.#helper?.connected !== true) return;
    this.#helper.send({ type: 'closeOutput', id }, () => {});
    if (this.#running.size === 0) this.#letGo(this.#helper);
  }

  /** While a command runs we wait for it; an idle helper keeps nobody alive. */
  #holdProcess(helper: ChildProcess): void {
    helper.ref();
    helper.channel?.ref();
  }

  #letGo(helper: ChildProcess): void {
    helper.unref();
    helper.channel?.unref();
  }
}
