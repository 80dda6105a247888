import { setTimeout as pause } from 'node:timers/promises';
import type { OutputStream } from '../console/terminal.js';

const SECOND_SCREEN = '\u001b[?1049h\u001b[?25l';
const FIRST_SCREEN = '\u001b[?25h\u001b[?1049l';
const BEGIN_OF_SCREEN = '\u001b[H';
const REST_OF_LINE = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';
/** `q`, Ctrl-C and Ctrl-D: a terminal in raw mode makes no signals of them. */
const LEAVING_KEYS = /[qQ\u0003\u0004]/;

/** Something that is shown again and again. */
export interface Watched<Look> {
  readonly look: () => Promise<Look>;
  readonly render: (look: Look) => Promise<string>;
  /** Equal for looks that need not be shown twice where they are printed one below the other. */
  readonly fingerprint: (look: Look) => string;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  readonly output: OutputStream;
  /** The keyboard; absent: there is none. */
  readonly keyboard?: NodeJS.ReadStream | undefined;
  /** Whether one look may take the place of the one before: on a terminal. */
  readonly inPlace: boolean;
}

/**
 * Shows something until the user has enough: on a terminal in place, else one block for each change.
 * @returns the last look
 */
export async function watch<Look>(watched: Watched<Look>): Promise<Look> {
  const { look, render, fingerprint, intervalMs, output, inPlace, keyboard } = watched;
  const left = new AbortController();
  const signal = AbortSignal.any([watched.signal, left.signal]);
  const onKey = (piece: Buffer): void => {
    if (LEAVING_KEYS.test(piece.toString('latin1'))) left.abort();
  };
  const readsKeys = inPlace && keyboard?.isTTY === true;
  if (inPlace) output.write(SECOND_SCREEN);
  if (readsKeys) keyboard.setRawMode(true).on('data', onKey).resume();
  try {
    let shown: string | undefined;
    for (;;) {
      const latest = await look();
      if (inPlace) output.write(screenOf(await render(latest), output.rows));
      else if (fingerprint(latest) !== shown) output.write(`${await render(latest)}\n`);
      shown = fingerprint(latest);
      if (!(await waits(intervalMs, signal))) return latest;
    }
  } finally {
    if (readsKeys) keyboard.setRawMode(false).off('data', onKey).pause();
    if (inPlace) output.write(FIRST_SCREEN);
  }
}

/** Overwrites line by line: a screen that is emptied first flickers. */
function screenOf(text: string, rows = Number.POSITIVE_INFINITY): string {
  const lines = text.split('\n').slice(0, rows - 1);
  return BEGIN_OF_SCREEN + lines.map((line) => `${line}${REST_OF_LINE}\r\n`).join('') + REST_OF_SCREEN;
}

async function waits(intervalMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await pause(intervalMs, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
