const BEGIN = Buffer.from('<!--XSUPERVISOR:BEGIN-->');
const END = Buffer.from('<!--XSUPERVISOR:END-->');

/** Splits the output of a process at the marks between which it talks to listeners (spec: supervisor §7, PROCESS_COMMUNICATION). */
export class Capture {
  readonly #maxBytes: number;
  #pending: Buffer = Buffer.alloc(0);
  #captured: Buffer | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns what belongs into the log, and what was said between marks that are complete now */
  take(chunk: Uint8Array): { readonly log: Buffer; readonly messages: readonly Buffer[] } {
    const log: Buffer[] = [];
    const messages: Buffer[] = [];
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const mark = this.#captured === undefined ? BEGIN : END;
      const at = this.#pending.indexOf(mark);
      if (at === -1) {
        // The beginning of a mark may be all that came so far.
        const kept = partOfMark(this.#pending, mark);
        this.#put(this.#pending.subarray(0, this.#pending.length - kept), log);
        this.#pending = this.#pending.subarray(this.#pending.length - kept);
        return { log: Buffer.concat(log), messages };
      }
      this.#put(this.#pending.subarray(0, at), log);
      this.#pending = this.#pending.subarray(at + mark.length);
      if (this.#captured === undefined) this.#captured = Buffer.alloc(0);
      else {
        messages.push(this.#captured);
        this.#captured = undefined;
      }
    }
  }

  /** Of too long a message the last bytes stay. */
  #put(bytes: Buffer, log: Buffer[]): void {
    if (this.#captured === undefined) log.push(bytes);
    else this.#captured = Buffer.concat([this.#captured, bytes]).subarray(-this.#maxBytes);
  }
}

function partOfMark(bytes: Buffer, mark: Buffer): number {
  for (let length = Math.min(mark.length - 1, bytes.length); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
