import { MarshalFloat, pythonRepr } from '@slapos/slap';

/** What {@link sortedJson} writes. A MarshalFloat keeps its decimal point. */
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

function write(value: JsonInput): string {
  if (value instanceof MarshalFloat) return pythonRepr(value);
  if (typeof value !== 'object' || value === null) return asciiJson(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  const entries = Object.entries(value as Readonly<Record<string, JsonInput>>);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${asciiJson(key)}:${write(item)}`).join(',')}}`;
}

function asciiJson(value: string | number | boolean | null): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
