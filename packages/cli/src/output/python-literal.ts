import { compareCodePoints, pythonRepr } from '@slapos/slap';

const WIDTH = 80;
/** Behind these Python's `splitlines` ends a line. */
const LINE = /[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|$)/g;

/**
 * A value as Python's `pprint` shows it: what `slapos request` has always printed (spec: cli §10.2). Keys are sorted; what does not fit in 80
 * columns has one entry a line.
 */
export function pythonLiteral(value: unknown): string {
  return layOut(value, 0, 0);
}

/**
 * @param indent column where the value begins
 * @param behind how many characters must still fit behind it on its last line
 */
function layOut(value: unknown, indent: number, behind: number): string {
  const whole = oneLine(value);
  if (indent + lengthOf(whole) + behind <= WIDTH) return whole;
  if (typeof value === 'string') return layOutText(value, indent, behind);
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => ({ head: '', item }));
    return layOutItems(items, '[', ']', indent, behind);
  }
  if (isRecord(value)) {
    const items = sortedKeys(value).map((key) => ({ head: `${pythonRepr(key)}: `, item: value[key] }));
    return layOutItems(items, '{', '}', indent, behind);
  }
  return whole;
}

function layOutItems(
  items: readonly { head: string; item: unknown }[],
  open: string,
  close: string,
  indent: number,
  behind: number,
): string {
  const lines = items.map(({ head, item }, index) => {
    const isLast = index === items.length - 1;
    return head + layOut(item, indent + 1 + lengthOf(head), isLast ? behind + 1 : 1);
  });
  return `${open}${lines.join(`,\n${' '.repeat(indent + 1)}`)}${close}`;
}

/** A long text as adjacent pieces, one a line: its own lines, and of one that is too long what fits, cut behind white space. */
function layOutText(text: string, indent: number, behind: number): string {
  const lines = text.match(LINE)?.filter((line) => line !== '') ?? [];
  const pieces = lines.flatMap((line, index) => {
    const room = WIDTH - indent - (index === lines.length - 1 ? behind : 0);
    return lengthOf(pythonRepr(line)) <= room ? [line] : cutBehindBlanks(line, WIDTH - indent, room);
  });
  return pieces.map(pythonRepr).join(`\n${' '.repeat(indent)}`);
}

function cutBehindBlanks(line: string, room: number, lastRoom: number): string[] {
  const words = line.match(/\S*\s*/g)?.filter((word) => word !== '') ?? [];
  const pieces: string[] = [];
  let current = '';
  for (const [index, word] of words.entries()) {
    const fits = lengthOf(pythonRepr(current + word)) <= (index === words.length - 1 ? lastRoom : room);
    if (!fits && current !== '') pieces.push(current);
    current = fits ? current + word : word;
  }
  return current === '' ? pieces : [...pieces, current];
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (!isRecord(value)) return pythonRepr(value);
  const entries = sortedKeys(value).map((key) => `${pythonRepr(key)}: ${oneLine(value[key])}`);
  return `{${entries.join(', ')}}`;
}

function sortedKeys(value: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(value).sort(compareCodePoints);
}

/** In characters as Python counts them. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _character of text) length += 1;
  return length;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
