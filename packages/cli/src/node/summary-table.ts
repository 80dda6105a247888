import { escapeControlCharacters } from '@slapos/host';
import stringWidth from 'string-width';
import { cutTo } from '../output/table.js';

const GAP = '  ';
/** Before the command to look with, which is not part of what is read. */
const LAST_GAP = '    ';
/** Reasons that are longer can be read in full where the last column points to. */
const WIDEST_REASON = 100;
const NARROWEST_REASON = 24;
const REASON_COLUMN = 3;

/** Counts of outcomes in the order in which a person wants them, each with its words. */
const OUTCOME_WORDS: readonly (readonly [outcome: string, words: string])[] = [
  ['built', 'built'],
  ['downloaded', 'from the binary cache'],
  ['removed', 'removed'],
  ['destroyed', 'destroyed'],
  ['kept', 'kept'],
  ['unchanged', 'unchanged'],
  ['processed', 'processed'],
  ['skipped', 'skipped'],
  ['missing', 'without a folder'],
  ['failed', 'failed'],
  ['promise-failed', 'with failing promises'],
];

/** `6 unchanged, 1 processed, 1 failed`, or nothing where there was nothing (spec: ux-ideas §10). */
export function outcomeCounts(outcomes: readonly string[]): string {
  const parts = OUTCOME_WORDS.flatMap(([outcome, words]) => {
    const number = outcomes.filter((each) => each === outcome).length;
    return number === 0 ? [] : [`${String(number)} ${words}`];
  });
  return parts.length === 0 ? '' : ` – ${parts.join(', ')}`;
}

/** Something that a person should look at: its names, how it stands, why, and the command that tells more. */
export interface SummaryRow {
  readonly names: readonly [name: string, title: string];
  readonly word: 'FAILED' | 'PROMISES' | 'MISSING' | 'KEPT';
  readonly reason: string;
  readonly command: string;
}

/**
 * Rows below each other in columns; a column that nothing stands in is left out.
 * @param columns of the terminal that they should fit; `undefined`: it is none
 */
export function summaryRows(rows: readonly SummaryRow[], columns: number | undefined): string[] {
  const cells = rows.map(({ names, word, reason, command }) =>
    [...names, word, firstLine(reason), command].map((text) => escapeControlCharacters(text)),
  );
  const widest = (column: number): number => Math.max(0, ...cells.map((row) => stringWidth(row[column] ?? '')));
  const others = [0, 1, 2].map(widest).filter((width) => width > 0);
  const taken =
    others.reduce((sum, width) => sum + width + GAP.length, GAP.length + LAST_GAP.length) + widest(REASON_COLUMN + 1);
  const room = columns === undefined ? WIDEST_REASON : Math.max(NARROWEST_REASON, columns - taken);
  for (const row of cells)
    row[REASON_COLUMN] = cutTo(Math.min(room, WIDEST_REASON), row[REASON_COLUMN] ?? '', stringWidth);
  const widths = [0, 1, 2, REASON_COLUMN].map(widest);
  return cells.map((row) => {
    const padded = widths.flatMap((width, column) => {
      const cell = row[column] ?? '';
      return width === 0 ? [] : [cell + ' '.repeat(width - stringWidth(cell))];
    });
    return `${GAP}${padded.join(GAP)}${LAST_GAP}${row.at(-1) ?? ''}`.trimEnd();
  });
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
