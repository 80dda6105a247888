/** A number that Python would write with a decimal point, also when it is whole. */
export class PythonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export type PythonJsonValue =
  | string
  | number
  | boolean
  | null
  | PythonFloat
  | { readonly [key: string]: PythonJsonValue };

/** Code units, not characters: one outside the basic plane becomes two escapes. */
const NON_ASCII = /[\u007f-\uffff]/g;

function writeString(text: string): string {
  return JSON.stringify(text).replace(NON_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Writes JSON as Python's `json.dump` does, so that files do not change when the node does: blanks after `,` and `:`, ASCII only. */
export function writePythonJson(value: PythonJsonValue): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return JSON.stringify(value);
  if (typeof value === 'string') return writeString(value);
  if (value instanceof PythonFloat) {
    return Number.isInteger(value.value) ? `${String(value.value)}.0` : String(value.value);
  }
  const members = Object.entries(value).map(([key, member]) => `${writeString(key)}: ${writePythonJson(member)}`);
  return `{${members.join(', ')}}`;
}
