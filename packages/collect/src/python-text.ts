/** From here on Python prints a float with an exponent; JavaScript does so later. */
const PYTHON_EXPONENT_FROM = 1e16;
const PYTHON_EXPONENT_BELOW = 1e-4;

/** A number as Python prints a float: `1.0`, `0.5`, `1e+16`. (spec: collect §5.1) */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size !== 0 && (size >= PYTHON_EXPONENT_FROM || size < PYTHON_EXPONENT_BELOW)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    const power = exponent.slice(1).padStart(2, '0');
    return `${digits}e${exponent.slice(0, 1)}${power}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** Rounded as Python's `round` does for what is measured here. */
export function roundTo(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/** A number that is written as a float in JSON, even if it is whole. */
export class JsonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export type JsonContent =
  | string
  | number
  | null
  | JsonFloat
  | readonly JsonContent[]
  | { readonly [key: string]: JsonContent };

/** JSON as Python writes it: blanks after commas and colons, floats with a point, ASCII only. */
export function pythonJson(content: JsonContent): string {
  if (content instanceof JsonFloat) return pythonFloat(content.value);
  if (typeof content === 'string') return asciiText(content);
  if (content === null || typeof content === 'number') return String(content);
  if (isList(content)) return `[${content.map(pythonJson).join(', ')}]`;
  return `{${Object.entries(content)
    .map(([key, value]) => `${asciiText(key)}: ${pythonJson(value)}`)
    .join(', ')}}`;
}

function isList(content: JsonContent): content is readonly JsonContent[] {
  return Array.isArray(content);
}

function asciiText(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One line of CSV as Python's `csv` writes it by default: CR LF, quotes only where they are needed. */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\r\n`;
}
