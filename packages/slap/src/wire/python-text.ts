import { SlapError } from '../errors.js';
import { isPlainObject, MarshalComplex, MarshalFloat, MarshalTuple } from './values.js';

const FIRST_EXPONENT_WITH_E = 16;
const LAST_SMALL_EXPONENT_WITHOUT_E = -4;

/** A float in the layout of Python's `repr`: `1.0`, `1e+16`, `1e-05`, `-0.0`, `inf`, `nan` (spec: marshal). */
export function pythonFloatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e');
  const exponent = Number(exponentText);
  const digits = mantissa.replace('.', '');
  if (exponent < LAST_SMALL_EXPONENT_WITHOUT_E || exponent >= FIRST_EXPONENT_WITH_E) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const exponentDigits = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${exponentDigits}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** A JavaScript number as Python shows it: a safe integer as `1`, any other number as a float. */
export function pythonNumberText(value: number): string {
  return Number.isSafeInteger(value) ? String(value === 0 ? 0 : value) : pythonFloatText(value);
}

// Python shows everything but letters, marks, numbers, punctuation, symbols and the plain space as an escape.
const NOT_PRINTABLE = /[\p{C}\p{Z}]/u;
const NEEDS_A_LOOK = /[^ !#-&(-[\]-~]/;
const NAMED_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

function pythonStringRepr(text: string): string {
  if (!NEEDS_A_LOOK.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let result = quote;
  for (const character of text) {
    const named = NAMED_ESCAPES[character];
    if (named !== undefined) result += named;
    else if (character === quote) result += `\\${character}`;
    else if (character !== ' ' && NOT_PRINTABLE.test(character)) result += escapedCodePoint(character);
    else result += character;
  }
  return result + quote;
}

function escapedCodePoint(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function pythonComplexText(value: MarshalComplex): string {
  const short = (part: number) => pythonFloatText(part).replace(/\.0$/, '');
  if (Object.is(value.real, 0)) return `${short(value.imaginary)}j`;
  const imaginary = short(value.imaginary);
  return `(${short(value.real)}${imaginary.startsWith('-') ? '' : '+'}${imaginary}j)`;
}

const MAX_REPR_DEPTH = 500;

/**
 * A value as Python's `repr` shows it: `'it\'s'`, `[1, 'a', None]`, `{'x': [True]}`, `(1,)` (spec: marshal).
 * Numbers that are safe integers are shown as integers, all others as floats.
 * @throws SlapError `SLAP_INVALID_ARGUMENT` for functions, symbols, class instances and values nested too deeply.
 */
export function pythonRepr(value: unknown): string {
  return repr(value, 0);
}

function repr(value: unknown, depth: number): string {
  if (depth > MAX_REPR_DEPTH) {
    throw new SlapError(
      'SLAP_INVALID_ARGUMENT',
      `A value is nested deeper than ${MAX_REPR_DEPTH} levels, or contains itself.`,
    );
  }
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'string') return pythonStringRepr(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return pythonNumberText(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof MarshalFloat) return pythonFloatText(value.value);
  if (value instanceof MarshalComplex) return pythonComplexText(value);
  return containerRepr(value, (item) => repr(item, depth + 1));
}

function containerRepr(value: unknown, inner: (item: unknown) => string): string {
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`;
  if (value instanceof MarshalTuple) {
    return value.items.length === 1 ? `(${inner(value.items[0])},)` : `(${value.items.map(inner).join(', ')})`;
  }
  if (value instanceof Set) return value.size === 0 ? 'set()' : `{${[...value].map(inner).join(', ')}}`;
  const isDictionary = value instanceof Map || isPlainObject(value);
  if (!isDictionary) {
    throw new SlapError('SLAP_INVALID_ARGUMENT', `A value of type ${typeof value} has no Python form.`);
  }
  const entries: Iterable<readonly [unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  return `{${[...entries].map(([key, item]) => `${inner(key)}: ${inner(item)}`).join(', ')}}`;
}

/** A value as Python's `str()` shows it: like {@link pythonRepr}, but a text stays as it is. */
export function pythonText(value: unknown): string {
  return typeof value === 'string' ? value : pythonRepr(value);
}

/** Compares two texts by Unicode code point, as Python does; JavaScript's own order is by UTF-16 unit. */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return codePointRank(a) - codePointRank(b);
  }
  return left.length - right.length;
}

// Surrogates stand for code points above all others of the basic plane.
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
