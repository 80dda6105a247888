/** Longer lines are handed on in pieces, so that a program that never ends its line costs no memory, and nothing of it is lost. */
export const MAX_LINE_LENGTH = 16 * 1024;
/** The beginning of the output that is always kept. */
export const KEPT_HEAD_LENGTH = 64 * 1024;
/** The end of the output that is always kept. */
export const KEPT_TAIL_LENGTH = 1024 * 1024;

/** Lines are gathered into pieces of this length: a million short texts that live a while cost a hundred times what they say. */
const PIECE_LENGTH = 16 * 1024;

const CONTINUED_MARK = ' [… line goes on]';

/** Cuts a stream of bytes into lines: decodes UTF-8 (bad bytes become U+FFFD) and hands each on as it completes, long ones in marked pieces. */
export class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #onLine: (line: string) => void;
  #partial = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Uint8Array): void {
    this.#split(this.#decoder.decode(chunk, { stream: true }));
  }

  /** Hands on the last line if it has no line end. */
  end(): void {
    this.#split(this.#decoder.decode());
    if (this.#partial !== '') this.#completeLine();
  }

  #split(text: string): void {
    let start = 0;
    for (;;) {
      const end = text.indexOf('\n', start);
      this.#extend(text, start, end === -1 ? text.length : end);
      if (end === -1) return;
      this.#completeLine();
      start = end + 1;
    }
  }

  #extend(text: string, start: number, end: number): void {
    for (let from = start; from < end; ) {
      if (this.#partial.length === MAX_LINE_LENGTH) {
        this.#onLine(this.#partial + CONTINUED_MARK);
        this.#partial = '';
      }
      const to = Math.min(end, from + MAX_LINE_LENGTH - this.#partial.length);
      this.#partial += text.slice(from, to);
      from = to;
    }
  }

  #completeLine(): void {
    const line = this.#partial.endsWith('\r') ? this.#partial.slice(0, -1) : this.#partial;
    this.#partial = '';
    this.#onLine(line);
  }
}

/** Keeps the first 64 kB and the last 1 MB of a text of any length, in bounded memory. (spec: security S10) */
export class BoundedText {
  #head = '';
  #gathered: string[] = [];
  #gatheredLength = 0;
  #tail: string[] = [];
  #tailLength = 0;
  #omitted = 0;

  append(text: string): void {
    this.#gathered.push(text);
    this.#gatheredLength += text.length;
    if (this.#gatheredLength >= PIECE_LENGTH) this.#keepGathered();
  }

  #keepGathered(): void {
    const text = this.#gathered.join('');
    this.#gathered = [];
    this.#gatheredLength = 0;
    const room = KEPT_HEAD_LENGTH - this.#head.length;
    if (room > 0) this.#head += text.slice(0, room);
    if (text.length <= room) return;
    this.#tail.push(room > 0 ? text.slice(room) : text);
    this.#tailLength += text.length - Math.max(room, 0);
    // Twice the limit before cutting, so that pieces are moved once on average.
    if (this.#tailLength > 2 * KEPT_TAIL_LENGTH) this.#dropPieces();
  }

  /** Whole pieces only: to join and cut them would make megabytes of garbage for each megabyte of text. */
  #dropPieces(): void {
    let count = 0;
    for (const piece of this.#tail) {
      if (this.#tailLength - piece.length < KEPT_TAIL_LENGTH) break;
      this.#tailLength -= piece.length;
      this.#omitted += piece.length;
      count += 1;
    }
    this.#tail.splice(0, count);
  }

  toString(): string {
    this.#keepGathered();
    const joined = this.#tail.join('');
    const tail = joined.slice(-KEPT_TAIL_LENGTH);
    const omitted = this.#omitted + joined.length - tail.length;
    if (omitted === 0) return this.#head + tail;
    return `${this.#head}\n[… ${String(omitted)} characters left out …]\n${tail}`;
  }
}

/** Keeps everything, up to a limit. */
export class WholeText {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #limit: number;
  readonly #parts: string[] = [];
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns false when the limit is passed; the text is then incomplete. */
  append(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limit) return false;
    this.#parts.push(this.#decoder.decode(chunk, { stream: true }));
    return true;
  }

  toString(): string {
    this.#parts.push(this.#decoder.decode());
    return this.#parts.join('');
  }
}
