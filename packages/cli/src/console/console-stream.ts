import type { OutputStream } from './terminal.js';

/** Lines at the end of a terminal that are drawn again and again, below what is printed. */
export interface LiveRegion {
  clear(): void;
  draw(): void;
}

/** Standard error, which the log and what moves below it share. */
export class ConsoleStream {
  readonly stream: OutputStream;
  #region: LiveRegion | undefined;

  constructor(stream: OutputStream) {
    this.stream = stream;
  }

  /** Writes a line, above the live region if there is one. */
  writeLine(line: string): void {
    this.#region?.clear();
    this.stream.write(`${line}\n`);
    this.#region?.draw();
  }

  /** Shows a region until it is detached; there is one at a time. */
  attach(region: LiveRegion): void {
    this.#region = region;
  }

  detach(region: LiveRegion): void {
    if (this.#region === region) this.#region = undefined;
  }
}
