import os from 'node:os';
import { PROCESS_STATES, type ProcessStateName, RUNNING_STATES, STOPPED_STATES } from '../../states.js';
import type { ProcessConfiguration } from '../configuration/types.js';
import type { ProcessContext } from './process-context.js';
import { ProcessOutput, reasonOf } from './process-output.js';
import { type Child, CommandProblem, resolveCommand, spawnChild } from './spawn-child.js';

const S = PROCESS_STATES;
const STATE_NAMES = Object.fromEntries(Object.entries(S).map(([name, code]) => [code, name])) as Record<
  number,
  ProcessStateName
>;
/** A program that ends at once must not keep a core busy with being started again. */
const RESTART_PAUSE_MS = 200;
/** What is still in the pipes when a process has ended is read; but a grandchild may hold them for ever. */
const OUTPUT_GRACE_MS = 50;
/** Longer timers overflow in Node. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Something beside its daemon that follows what a process does: the pool of an event listener. */
export interface ProcessFollower {
  onStdout(process: SupervisedProcess, chunk: Uint8Array): void;
  onState(process: SupervisedProcess): void;
}

/** One process with its life (spec: supervisor §9.5). */
export class SupervisedProcess {
  readonly group: string;
  readonly name: string;
  readonly configuration: ProcessConfiguration;
  readonly stdout: ProcessOutput;
  readonly stderr: ProcessOutput;
  state: number = S.STOPPED;
  pid = 0;
  /** Seconds since the epoch; 0: never. */
  startedAt = 0;
  stoppedAt = 0;
  exitStatus = 0;
  spawnError = '';
  follower: ProcessFollower | undefined;
  readonly #context: ProcessContext;
  readonly #waiting = new Set<() => void>();
  #child: Child | undefined;
  /** One that has ended, whose output a grandchild may still hold. */
  #ended: Child | undefined;
  #backoff = 0;
  #timer: NodeJS.Timeout | undefined;
  #startedAtMonotonic = 0;
  #spawning: Promise<void> | undefined;
  #isRemoved = false;

  constructor(group: string, configuration: ProcessConfiguration, context: ProcessContext) {
    this.group = group;
    this.name = configuration.name;
    this.configuration = configuration;
    this.#context = context;
    const owner = { group, name: configuration.name, uid: configuration.uid, pid: () => this.pid };
    this.stdout = new ProcessOutput(owner, 'stdout', configuration.stdout, context);
    this.stderr = new ProcessOutput(owner, 'stderr', configuration.stderr, context);
  }

  get fullName(): string {
    return `${this.group}:${this.name}`;
  }

  get stateName(): string {
    return STATE_NAMES[this.state] ?? 'UNKNOWN';
  }

  get isRunning(): boolean {
    return RUNNING_STATES.has(this.state);
  }

  get isStopped(): boolean {
    return STOPPED_STATES.has(this.state);
  }

  /**
   * The program and its arguments.
   * @throws CommandProblem
   */
  command(): Promise<string[]> {
    return resolveCommand(this.configuration, this.#environment()['PATH']);
  }

  /** Starts it; what goes wrong is in `spawnError` then. */
  spawn(): Promise<void> {
    this.#spawning ??= this.#spawn().finally(() => {
      this.#spawning = undefined;
    });
    return this.#spawning;
  }

  /**
   * Asks it to stop; it has stopped when its state says so.
   * @returns why it cannot be asked, if so
   */
  async stop(): Promise<string | undefined> {
    await this.#spawning;
    if (this.state === S.BACKOFF) {
      this.#clearTimer();
      this.#change(S.STOPPED);
      return undefined;
    }
    if (!this.isRunning) return undefined;
    return this.#kill(this.configuration.stopSignal);
  }

  /** Sends a signal without any change of state. */
  signal(signal: NodeJS.Signals): string | undefined {
    return this.#send(this.pid, signal)
      ? undefined
      : `attempted to send ${this.name} sig ${signal} but it wasn't running`;
  }

  /** During a shutdown nothing is tried again. */
  giveUp(): void {
    this.#clearTimer();
    this.#change(S.FATAL);
  }

  writeStdin(chars: string): boolean {
    const stdin = this.#child?.stdin;
    if (!stdin || stdin.destroyed || !stdin.writable) return false;
    stdin.write(chars);
    return true;
  }

  /** Resolves when the condition holds; looked at on each change of state. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Called when it is no longer part of the configuration; it has stopped. */
  remove(): void {
    this.#isRemoved = true;
    this.#clearTimer();
    this.#closeEnded();
    for (const output of [this.stdout, this.stderr]) {
      output.close();
      output.removeAutomatic();
    }
  }

  async #spawn(): Promise<void> {
    if (this.pid !== 0) {
      this.#context.log('warn', `process '${this.name}' already running`);
      return;
    }
    this.#clearTimer();
    this.#closeEnded();
    this.spawnError = '';
    this.startedAt = nowSeconds();
    this.#startedAtMonotonic = performance.now();
    this.#change(S.STARTING);
    try {
      const survivor = this.#context.record.survivor(this.fullName);
      if (survivor !== undefined) {
        throw new Error(
          `a copy that an earlier supervisor started still runs as pid ${String(survivor)} and is not adopted; end it with: kill -- -${String(survivor)}`,
        );
      }
      const command = await this.command();
      this.stdout.open();
      this.stderr.open();
      const child = await spawnChild({
        configuration: this.configuration,
        command,
        environment: this.#environment(),
        umask: this.#context.umask,
      });
      await this.#adopt(child);
    } catch (error) {
      this.spawnError = error instanceof CommandProblem || error instanceof Error ? error.message : String(error);
      this.#context.log('info', `spawnerr: ${this.spawnError}`);
      this.#failStart();
    }
  }

  async #adopt(child: Child): Promise<void> {
    const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      child.once('exit', (code, signal) => resolve([code, signal]));
    });
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.stdin?.on('error', () => {});
    child.stdout?.on('data', (chunk: Uint8Array) => {
      this.stdout.write(chunk);
      this.follower?.onStdout(this, chunk);
    });
    // What goes wrong before the program has joined its streams is said on stderr.
    const errors = this.configuration.redirectStderr ? this.stdout : this.stderr;
    child.stderr?.on('data', (chunk: Uint8Array) => errors.write(chunk));
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', () => resolve());
      child.once('error', (error) =>
        reject(new Error(`unknown error during fork for '${this.name}': ${reasonOf(error)}`)),
      );
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#context.record.started(this.fullName, this.pid);
    this.#context.log('info', `spawned: '${this.name}' with pid ${String(this.pid)}`);
    void ended.then(async ([code, signal]) => {
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, OUTPUT_GRACE_MS))]);
      this.#finish(code, signal);
    });
    const { startSeconds } = this.configuration;
    if (startSeconds === 0) this.#succeed();
    else this.#setTimer(startSeconds * 1000, () => this.#succeed());
  }

  /** Nobody reads what a leftover of the last run writes any more. */
  #closeEnded(): void {
    this.#ended?.stdout?.destroy();
    this.#ended?.stderr?.destroy();
    this.#ended = undefined;
  }

  #succeed(): void {
    if (this.state !== S.STARTING) return;
    this.#backoff = 0;
    this.#change(S.RUNNING);
    this.#context.log(
      'info',
      `success: ${this.name} entered RUNNING state, process has stayed up for > than ${String(this.configuration.startSeconds)} seconds (startsecs)`,
    );
  }

  #finish(code: number | null, signal: NodeJS.Signals | null): void {
    const status = code ?? -1;
    const how = signal === null ? `exit status ${String(status)}` : `terminated by ${signal}`;
    const tooQuickly = performance.now() - this.#startedAtMonotonic < this.configuration.startSeconds * 1000;
    const expected = this.configuration.exitCodes.includes(status);
    this.#clearTimer();
    this.#ended = this.#child;
    this.#ended?.stdin?.destroy();
    this.#child = undefined;
    this.stoppedAt = nowSeconds();
    this.exitStatus = status;
    this.#context.record.ended(this.fullName);
    const { pid } = this;
    if (this.state === S.STOPPING) {
      this.#context.log('info', `stopped: ${this.name} (${how})`);
      this.#change(S.STOPPED, pid);
    } else if (tooQuickly && this.state === S.STARTING) {
      this.spawnError = 'Exited too quickly (process log may have details)';
      this.#context.log('info', `exited: ${this.name} (${how}; not expected)`);
      this.pid = 0;
      this.#failStart();
    } else {
      this.#backoff = 0;
      if (this.state === S.STARTING) this.#change(S.RUNNING);
      this.spawnError = expected ? '' : `Bad exit code ${String(status)}`;
      this.#context.log('info', `exited: ${this.name} (${how}; ${expected ? 'expected' : 'not expected'})`);
      this.#change(S.EXITED, pid, expected);
      const { autorestart } = this.configuration;
      if (autorestart === true || (autorestart === 'unexpected' && !expected)) this.#restartIn(RESTART_PAUSE_MS);
    }
    this.pid = 0;
    if (this.isStopped) {
      this.stdout.close();
      this.stderr.close();
    }
    this.#wake();
  }

  /** BACKOFF, and after too many of them FATAL. */
  #failStart(): void {
    this.#backoff += 1;
    this.#change(S.BACKOFF);
    if (this.#backoff > this.configuration.startRetries) {
      this.#backoff = 0;
      this.#change(S.FATAL);
      this.#context.log('info', `gave up: ${this.name} entered FATAL state, too many start retries too quickly`);
    } else this.#restartIn(this.#backoff * 1000);
  }

  #restartIn(milliseconds: number): void {
    this.#setTimer(milliseconds, () => {
      if (this.#context.isActive() && !this.#isRemoved && (this.state === S.BACKOFF || this.state === S.EXITED))
        void this.spawn();
    });
  }

  #kill(signal: NodeJS.Signals): string | undefined {
    if (this.pid === 0) return `attempted to kill ${this.name} with sig ${signal} but it wasn't running`;
    const { stopAsGroup, killAsGroup, stopWaitSeconds } = this.configuration;
    const asGroup = signal === 'SIGKILL' ? killAsGroup : stopAsGroup;
    if (signal === 'SIGKILL') this.#context.log('warn', `killing '${this.name}' (${String(this.pid)}) with SIGKILL`);
    else this.#context.log('info', `waiting for ${this.name} to stop`);
    if (this.state !== S.STOPPING) this.#change(S.STOPPING);
    this.#setTimer(stopWaitSeconds * 1000, () => this.#kill('SIGKILL'));
    this.#send(asGroup ? -this.pid : this.pid, signal);
    return undefined;
  }

  #send(target: number, signal: NodeJS.Signals): boolean {
    if (this.pid === 0) return false;
    try {
      return process.kill(target, os.constants.signals[signal]);
    } catch (error) {
      // It ended a moment ago, which is about to be noticed.
      this.#context.log('debug', `signal ${signal} to ${this.name}: ${reasonOf(error)}`);
      return true;
    }
  }

  #environment(): Record<string, string> {
    return {
      ...this.#context.environment,
      SUPERVISOR_ENABLED: '1',
      SUPERVISOR_SERVER_URL: this.configuration.serverUrl ?? this.#context.serverUrl,
      SUPERVISOR_PROCESS_NAME: this.name,
      SUPERVISOR_GROUP_NAME: this.group,
      ...this.configuration.environment,
    };
  }

  #change(state: number, pid = this.pid, expected = false): void {
    if (state === this.state) return;
    const from = this.stateName;
    this.state = state;
    let more = '';
    if (state === S.STARTING || state === S.BACKOFF) more = ` tries:${String(this.#backoff)}`;
    else if (state === S.EXITED) more = ` expected:${expected ? '1' : '0'} pid:${String(pid)}`;
    else if (state === S.RUNNING || state === S.STOPPING || state === S.STOPPED) more = ` pid:${String(pid)}`;
    this.follower?.onState(this);
    this.#context.publish({
      name: `PROCESS_STATE_${this.stateName}`,
      payload: `processname:${this.name} groupname:${this.group} from_state:${from}${more}`,
    });
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  #setTimer(milliseconds: number, action: () => void): void {
    this.#clearTimer();
    this.#timer = setTimeout(action, Math.min(milliseconds, MAX_TIMER_MS));
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
