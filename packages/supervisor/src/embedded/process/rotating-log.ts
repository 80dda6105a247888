import fs from 'node:fs';
import path from 'node:path';
import { inFolder, openFolder, openLogForAppending } from './safe-open.js';

export interface RotatingLogOptions {
  readonly file: string;
  /** 0: never rotated. */
  readonly maxBytes: number;
  readonly backups: number;
  /** The user of the service, who may own the file; `undefined`: only we. */
  readonly uid?: number | undefined;
}

/**
 * A log that is rotated before it would pass its size: `x.log` becomes `x.log.1`, and so on (spec: supervisor §9.7). Its folder is held by
 * a descriptor and no link is followed, since a tenant may own it (spec: security S2).
 */
export class RotatingLog {
  readonly file: string;
  readonly #options: RotatingLogOptions;
  readonly #folder: number;
  readonly #name: string;
  /** Devices such as /dev/stdout are written as they are. */
  readonly #isDevice: boolean;
  #descriptor: number;
  #size = 0;

  /** @throws a system error, or an Error that says what is wrong with the file */
  constructor(options: RotatingLogOptions) {
    this.file = options.file;
    this.#options = options;
    this.#name = path.basename(options.file);
    this.#isDevice = options.maxBytes === 0 && options.file.startsWith('/dev/');
    this.#folder = this.#isDevice ? -1 : openFolder(path.dirname(options.file));
    try {
      this.#descriptor = this.#open();
    } catch (error) {
      if (this.#folder !== -1) fs.closeSync(this.#folder);
      throw error;
    }
  }

  /** @throws a system error, such as for a full disk */
  write(chunk: Uint8Array): void {
    if (this.#descriptor === -1) return;
    const { maxBytes } = this.#options;
    if (maxBytes > 0 && this.#size > 0 && this.#size + chunk.length > maxBytes) this.#rotate();
    for (let written = 0; written < chunk.length; ) written += fs.writeSync(this.#descriptor, chunk, written);
    this.#size += chunk.length;
  }

  /** Opens the file anew, after somebody moved it away. */
  reopen(): void {
    this.#closeFile();
    this.#descriptor = this.#open();
  }

  /** Removes what was written, and starts again. */
  clear(): void {
    if (this.#isDevice) return;
    this.#closeFile();
    fs.rmSync(inFolder(this.#folder, this.#name), { force: true });
    this.#descriptor = this.#open();
  }

  close(): void {
    this.#closeFile();
    if (this.#folder !== -1) fs.closeSync(this.#folder);
  }

  #open(): number {
    if (this.#isDevice) return fs.openSync(this.file, 'a');
    const descriptor = openLogForAppending(this.#folder, this.#name, this.#options.uid);
    this.#size = fs.fstatSync(descriptor).size;
    return descriptor;
  }

  #closeFile(): void {
    if (this.#descriptor !== -1) fs.closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  #rotate(): void {
    const { backups } = this.#options;
    const name = (index: number): string =>
      inFolder(this.#folder, index === 0 ? this.#name : `${this.#name}.${String(index)}`);
    this.#closeFile();
    for (let index = backups - 1; index >= 0; index -= 1) {
      // Renaming replaces the name, whatever it is; a folder that was put there is the one thing that stands in the way.
      try {
        fs.renameSync(name(index), name(index + 1));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
          fs.rmSync(name(0), { force: true });
      }
    }
    if (backups === 0) fs.rmSync(name(0), { force: true });
    this.#descriptor = this.#open();
  }
}
