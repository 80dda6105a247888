import { MarshalFloat, pythonRepr } from '@slapos/slap';

/** What {@link sortedJson} and {@link spacedJson} write. A MarshalFloat keeps its decimal point. */
export type JsonInput =
  | string
  | number
  | boolean
  | null
  | MarshalFloat
  | readonly JsonInput[]
  | { readonly [key: string]: JsonInput };

/** JSON as the Python proxy writes its hateoas documents: keys sorted, compact, ASCII, a newline at the end (spec: proxy §7). */
export function sortedJson(value: JsonInput): string {
  return `${write(value)}\n`;
}

/** JSON as Python writes it by default: in the order of the keys, a space after each comma and colon, ASCII (spec: proxy §8). */
export function spacedJson(value: JsonInput): string {
  if (value instanceof MarshalFloat) return pythonRepr(value);
  if (typeof value !== 'object' || value === null) return asciiJson(value);
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`;
  const entries = Object.entries(value as Readonly<Record<string, JsonInput>>);
  return `{${entries.map(([key, item]) => `${asciiJson(key)}: ${spacedJson(item)}`).join(', ')}}`;
}

function write(value: JsonInput): string {
  if (value instanceof MarshalFloat) return pythonRepr(value);
  if (typeof value !== 'object' || value === null) return asciiJson(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  const entries = Object.entries(value as Readonly<Record<string, JsonInput>>);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${asciiJson(key)}:${write(item)}`).join(',')}}`;
}

const NOT_ASCII = /[\u007f-\uffff]/;
const EACH_NOT_ASCII = /[\u007f-\uffff]/g;

function asciiJson(value: string | number | boolean | null): string {
  const text = JSON.stringify(value);
  return NOT_ASCII.test(text)
    ? text.replace(EACH_NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : text;
}
