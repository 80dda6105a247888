import { stripVTControlCharacters } from 'node:util';
import { escapeControlCharacters } from '@slapos/host';
import { type Paint, painted } from '../console/terminal.js';
import type { LogLine, LogSource } from './log-source.js';

const PAINTS: readonly Paint[] = ['blue', 'green', 'yellow', 'bold'];
const WIDEST_PREFIX = 40;
const TIME_LENGTH = '00:00:00'.length;

/** Renders lines with who wrote them in front, in one column, and in a colour of its own (spec: ux-ideas §15). */
export class LineRenderer {
  readonly #colour: boolean;
  readonly #paints = new Map<string, Paint>();
  #width = 0;

  /** @param colour whether the output shows colours */
  constructor(colour: boolean) {
    this.#colour = colour;
  }

  /** Makes the column wide enough. */
  expect(writers: readonly Pick<LogSource, 'owner' | 'program'>[]): void {
    for (const writer of writers) this.#width = Math.max(this.#width, Math.min(nameOf(writer).length, WIDEST_PREFIX));
  }

  /** @param knownMs when it was written, if that is known */
  render(line: LogLine, knownMs: number | undefined, nowMs: number): string {
    const name = nameOf(line);
    let paint = this.#paints.get(name);
    if (paint === undefined) {
      paint = PAINTS[this.#paints.size % PAINTS.length] ?? 'bold';
      this.#paints.set(name, paint);
    }
    const prefix = `${name.padEnd(this.#width)} |`;
    return `${painted(this.#colour, paint, prefix)} ${timeText(knownMs, nowMs)} ${safeText(line.text)}`.trimEnd();
  }
}

/** A line as a document. */
export function lineDocument({ owner, program, writtenMs, text }: LogLine): Readonly<Record<string, unknown>> {
  return {
    time: writtenMs === undefined ? null : new Date(writtenMs).toISOString(),
    partition: owner,
    program,
    text,
  };
}

function nameOf({ owner, program }: Pick<LogSource, 'owner' | 'program'>): string {
  return escapeControlCharacters(`${owner} ${program}`);
}

/** What instances write must not drive the terminal of who reads it. */
function safeText(text: string): string {
  return escapeControlCharacters(stripVTControlCharacters(text));
}

/** The time of the day, with the date when it is another one; in the zone of the machine. */
function timeText(milliseconds: number | undefined, nowMs: number): string {
  if (milliseconds === undefined) return ' '.repeat(TIME_LENGTH);
  const [date, time] = localTexts(milliseconds);
  return date === localTexts(nowMs)[0] ? time : `${date} ${time}`;
}

function localTexts(milliseconds: number): [date: string, time: string] {
  const at = new Date(milliseconds);
  const two = (number: number): string => String(number).padStart(2, '0');
  return [
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
  ];
}
