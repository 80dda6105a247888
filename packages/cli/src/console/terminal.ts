import type { WriteStream } from 'node:tty';
import { nonEmpty } from '../config/non-empty.js';

/** When output is coloured; `auto` is on a terminal only. */
export const COLOUR_CHOICES = ['auto', 'always', 'never'] as const;
export type ColourChoice = (typeof COLOUR_CHOICES)[number];

/** What of a stream matters for how something is shown on it. */
export type OutputStream = Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>>;

/**
 * Whether colours go to this stream: what the option says, then `NO_COLOR`, then `FORCE_COLOR`, then whether it is a terminal that can
 * (spec: ux-ideas §4).
 */
export function shouldColour(choice: ColourChoice, stream: OutputStream, environment: NodeJS.ProcessEnv): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (environment['NO_COLOR']) return false;
  const forced = environment['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0';
  return stream.isTTY === true && environment['TERM'] !== 'dumb';
}

/** Whether things may move on this stream: a terminal, with somebody in front of it (spec: ux-ideas, ground rule 2). */
export function isInteractive(stream: OutputStream, environment: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && environment['TERM'] !== 'dumb' && !environment['CI'];
}

/** Whether the locale can show more than ASCII. */
export function supportsUnicode(environment: NodeJS.ProcessEnv): boolean {
  const variables = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']];
  const locale = variables.find((value) => nonEmpty(value) !== undefined) ?? '';
  return /utf-?8/i.test(locale);
}

/** Signs that say how something went, without a colour. */
export interface Marks {
  readonly ok: string;
  readonly failed: string;
  readonly exited: string;
  readonly waiting: string;
  readonly warning: string;
  readonly none: string;
  /** Between facts in one line. */
  readonly separator: string;
  readonly ellipsis: string;
  readonly arrow: string;
  /** Frames of something that goes on. */
  readonly spinner: readonly string[];
}

const UNICODE_MARKS: Marks = {
  ok: '✔',
  failed: '✖',
  exited: '●',
  waiting: '·',
  warning: '!',
  none: '–',
  separator: '·',
  ellipsis: '…',
  arrow: '→',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};
const ASCII_MARKS: Marks = {
  ok: '+',
  failed: 'x',
  exited: '*',
  waiting: '.',
  warning: '!',
  none: '-',
  separator: '-',
  ellipsis: '...',
  arrow: '->',
  spinner: ['|', '/', '-', '\\'],
};

/** The signs that the user's locale can show (spec: ux-ideas §4). */
export function marksFor(environment: NodeJS.ProcessEnv): Marks {
  return supportsUnicode(environment) ? UNICODE_MARKS : ASCII_MARKS;
}

const PAINTS = { green: '0;32', yellow: '0;33', red: '0;31', grey: '1;30', blue: '0;34', bold: '1' } as const;
export type Paint = keyof typeof PAINTS;

/** Wraps text in a colour when `colour` says so. */
export function painted(colour: boolean, paint: Paint, text: string): string {
  return colour ? `\u001b[${PAINTS[paint]}m${text}\u001b[0m` : text;
}
