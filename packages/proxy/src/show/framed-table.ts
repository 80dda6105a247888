/**
 * A table as the Python commands print them: a rule before the headings, after them, and at the end; every cell in the middle of its
 * column (spec: cli §10.1).
 */
export function framedTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows];
  const widths = headings.map((_, index) => Math.max(...lines.map((line) => displayWidth(line[index] ?? ''))));
  const texts = lines.map((line) => ` ${line.map((cell, index) => centred(cell, widths[index] ?? 0)).join(' ')} `);
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 1, 1));
  return [rule, texts[0], rule, ...texts.slice(1), rule].join('\n');
}

/** Where the space left over is odd, the larger part goes to the right of a text of odd length, to the left of one of even length. */
function centred(text: string, width: number): string {
  const length = displayWidth(text);
  const free = width - length;
  const left = free % 2 === 1 && length % 2 === 0 ? Math.ceil(free / 2) : Math.floor(free / 2);
  return ' '.repeat(left) + text + ' '.repeat(free - left);
}

function displayWidth(text: string): number {
  return Array.from(text).length;
}
