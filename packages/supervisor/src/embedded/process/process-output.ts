import fs from 'node:fs';
import path from 'node:path';
import type { LogConfiguration } from '../configuration/types.js';
import { Capture } from './capture.js';
import type { ProcessContext } from './process-context.js';
import { RotatingLog } from './rotating-log.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the escape sequences
const ANSI_SEQUENCE = /\u001b\[[0-9;?]*[a-zA-Z]/g;

export interface OutputOwner {
  readonly group: string;
  readonly name: string;
  readonly uid: number | undefined;
  pid(): number;
}

/** What a process writes to one stream: into its log, and to listeners that asked for it. */
export class ProcessOutput {
  readonly #owner: OutputOwner;
  readonly #stream: 'stdout' | 'stderr';
  readonly #configuration: LogConfiguration;
  readonly #context: ProcessContext;
  readonly #capture: Capture | undefined;
  #log: RotatingLog | undefined;
  #isFailing = false;
  /** The path in use; an automatic one keeps its name for as long as the process is known. */
  #file: string | undefined;

  constructor(
    owner: OutputOwner,
    stream: 'stdout' | 'stderr',
    configuration: LogConfiguration,
    context: ProcessContext,
  ) {
    this.#owner = owner;
    this.#stream = stream;
    this.#configuration = configuration;
    this.#context = context;
    this.#capture = configuration.captureMaxBytes > 0 ? new Capture(configuration.captureMaxBytes) : undefined;
    this.#file = configuration.file === 'AUTO' ? this.#makeAutomaticFile() : configuration.file;
  }

  /** Where the log is; `undefined` when there is none. */
  get file(): string | undefined {
    return this.#file;
  }

  /**
   * Opens the log; one that a tenant has turned against us is left, and the service goes on with a log of ours.
   * @throws Error when there cannot be any log
   */
  open(): void {
    if (this.#log !== undefined || this.#file === undefined) return;
    const { maxBytes, backups } = this.#configuration;
    const { uid, group, name } = this.#owner;
    try {
      this.#log = new RotatingLog({ file: this.#file, maxBytes, backups, uid });
    } catch (error) {
      const file = path.join(this.#context.fallbackLogDirectory, `${group}_${name}-${this.#stream}.log`);
      this.#context.log(
        'error',
        `cannot log to ${JSON.stringify(this.#file)}: ${reasonOf(error)}; ${group}:${name} logs to ${file} instead`,
      );
      this.#log = new RotatingLog({ file, maxBytes, backups });
      this.#file = file;
    }
  }

  write(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.#capture) {
      const { log, messages } = this.#capture.take(bytes);
      for (const message of messages) this.#publish(`PROCESS_COMMUNICATION_${this.#stream.toUpperCase()}`, message, '');
      bytes = log;
    }
    if (this.#context.stripAnsi) bytes = Buffer.from(bytes.toString('latin1').replaceAll(ANSI_SEQUENCE, ''), 'latin1');
    if (bytes.length === 0) return;
    if (this.#configuration.eventsEnabled)
      this.#publish(`PROCESS_LOG_${this.#stream.toUpperCase()}`, bytes, ` channel:${this.#stream}`);
    try {
      this.#log?.write(bytes);
      this.#isFailing = false;
    } catch (error) {
      // A full disk must not end the service, nor fill the main log.
      if (!this.#isFailing) this.#context.log('error', `cannot write the log ${this.#file ?? ''}: ${reasonOf(error)}`);
      this.#isFailing = true;
    }
  }

  reopen(): void {
    this.#guard(() => this.#log?.reopen());
  }

  /** @throws Error when the file cannot be removed */
  clear(): void {
    if (this.#log) this.#log.clear();
    else if (this.#file !== undefined) fs.rmSync(this.#file, { force: true });
  }

  close(): void {
    this.#guard(() => this.#log?.close());
    this.#log = undefined;
  }

  /** Takes an automatic log away with its process. */
  removeAutomatic(): void {
    if (this.#configuration.file === 'AUTO' && this.#file !== undefined) {
      fs.rmSync(path.dirname(this.#file), { recursive: true, force: true });
    }
  }

  #publish(name: string, data: Buffer, more: string): void {
    const { group, name: process } = this.#owner;
    this.#context.publish({
      name,
      payload: `processname:${process} groupname:${group} pid:${String(this.#owner.pid())}${more}\n${data.toString('utf8')}`,
    });
  }

  #makeAutomaticFile(): string {
    const { name } = this.#owner;
    const folder = fs.mkdtempSync(
      path.join(this.#context.childLogDirectory, `${name}-${this.#stream}---${this.#context.identifier}-`),
    );
    return path.join(folder, 'output.log');
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#context.log('error', `cannot reopen the log ${this.#file ?? ''}: ${reasonOf(error)}`);
    }
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
