import { escapeControlCharacters } from '@slapos/host';
import type { OutputStream } from '../console/terminal.js';

const GAP = '  ';
const ELLIPSIS = '…';

export interface TableOptions {
  /** `undefined`: no line of headings. */
  readonly headings: readonly string[] | undefined;
  /** Where it goes: lines are cut to the width of a terminal, and never in a pipe. */
  readonly stream?: OutputStream;
}

/** Lines of columns, two blanks between them, aligned at the left (spec: ux-ideas §1). */
export async function renderTable(
  rows: readonly (readonly string[])[],
  { headings, stream = process.stdout }: TableOptions,
): Promise<string> {
  const { default: stringWidth } = await import('string-width');
  const lines = [...(headings === undefined ? [] : [headings]), ...rows.map((row) => row.map(oneLine))];
  const count = Math.max(0, ...lines.map((line) => line.length));
  const widths = Array.from({ length: count }, (_, index) =>
    Math.max(...lines.map((line) => stringWidth(line[index] ?? ''))),
  );
  const limit = stream.isTTY === true ? stream.columns : undefined;
  return lines
    .map((line) => {
      const cells = line.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - stringWidth(cell)));
      return cutTo(limit, cells.join(GAP).trimEnd(), stringWidth);
    })
    .join('\n');
}

/** A cell is one line, whatever a name from outside holds (spec: security S20). */
function oneLine(text: string): string {
  return escapeControlCharacters(text);
}

/** The text in at most so many columns; cut text ends in an ellipsis. */
export function cutTo(limit: number | undefined, text: string, widthOf: (text: string) => number): string {
  if (limit === undefined || widthOf(text) <= limit) return text;
  let cut = '';
  for (const character of text) {
    if (widthOf(cut + character) >= limit) break;
    cut += character;
  }
  return `${cut}${ELLIPSIS}`;
}
