import {
  MARSHAL_CLASS_NAMES,
  type MarshalClassName,
  MarshalComplex,
  MarshalFloat,
  MarshalObject,
  MarshalTuple,
  type MarshalValue,
} from './values.js';

/** How much a document may hold before reading it is refused. */
export interface MarshalLimits {
  /** Levels of lists, tuples, dictionaries, sets and objects. Default 50. */
  readonly maxDepth: number;
  /** Elements in all. Default 200,000. */
  readonly maxElements: number;
  /** Bytes, or UTF-16 units of a text. Default 64 MiB. */
  readonly maxLength: number;
}

/** The limits that hold where a caller gives none. */
export const DEFAULT_MARSHAL_LIMITS: MarshalLimits = Object.freeze({
  maxDepth: 50,
  maxElements: 200_000,
  maxLength: 64 * 1024 * 1024,
});

/** What both readers need to know. */
export interface MarshalRules extends MarshalLimits {
  readonly allowCycles: boolean;
}

/** A rule of the format is broken; the reader that noticed adds the place. */
export class BrokenRule extends Error {}

const INTEGER = /^\s*([+-]?)([0-9]+)\s*$/;
// As in Python: longer texts take quadratic time to convert.
const MAX_INTEGER_DIGITS = 4300;
const LONGEST_SAFE_TEXT = 15;

/** Text of `int`, `long` and `bool`: a number, or a bigint where a number would lose digits. */
export function parseInteger(text: string): number | bigint {
  const match = INTEGER.exec(text);
  if (match === null) throw new BrokenRule(`${quoted(text)} is not an integer`);
  const [, sign = '', digits = ''] = match;
  if (digits.length <= LONGEST_SAFE_TEXT) {
    const small = Number(digits);
    return sign === '-' && small !== 0 ? -small : small;
  }
  if (digits.length > MAX_INTEGER_DIGITS) throw new BrokenRule(`an integer has more than ${MAX_INTEGER_DIGITS} digits`);
  const big = BigInt(sign === '-' ? `-${digits}` : digits);
  return big >= Number.MIN_SAFE_INTEGER && big <= Number.MAX_SAFE_INTEGER ? Number(big) : big;
}

const DECIMAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const NAMED_FLOAT = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i;

function parseFloatText(text: string): number {
  const trimmed = text.trim();
  if (DECIMAL.test(trimmed)) return Number(trimmed);
  const named = NAMED_FLOAT.exec(trimmed);
  if (named === null) throw new BrokenRule(`${quoted(text)} is not a float`);
  if (named[2] === undefined) return Number.NaN;
  return named[1] === '-' ? -Infinity : Infinity;
}

function parseComplex(text: string): MarshalComplex {
  const [real, imaginary, ...more] = text.trim().split(/\s+/);
  if (real === undefined || imaginary === undefined || more.length > 0) {
    throw new BrokenRule(`${quoted(text)} is not a complex number`);
  }
  return new MarshalComplex(parseFloatText(real), parseFloatText(imaginary));
}

/** The scalars whose text says their value; `string` and `unicode` are the readers' own business. */
export const SCALAR_PARSERS: Readonly<Record<string, (text: string) => MarshalValue>> = Object.assign(
  Object.create(null) as Record<string, (text: string) => MarshalValue>,
  {
    none: () => null,
    int: parseInteger,
    long: parseInteger,
    bool: (text: string) => Number(parseInteger(text)) !== 0,
    float: (text: string) => new MarshalFloat(parseFloatText(text)),
    complex: parseComplex,
  },
);

const LONGEST_QUOTE = 40;

function quoted(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text);
}

function isHashable(value: MarshalValue): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (value instanceof MarshalFloat || value instanceof MarshalComplex) return true;
  return value instanceof MarshalTuple && value.items.every(isHashable);
}

/** Equal texts for keys that Python takes as equal (`1`, `1.0` and `True` are); undefined for what equals nothing. */
function keyIdentity(key: MarshalValue): string | undefined {
  if (typeof key === 'string') return `s${String(key.length)}:${key}`;
  if (key === null) return 'none';
  if (typeof key === 'boolean') return `n${Number(key)}`;
  if (typeof key === 'number' || typeof key === 'bigint') return `n${String(key)}`;
  if (key instanceof MarshalFloat) return floatIdentity(key.value);
  if (key instanceof MarshalComplex) {
    const imaginary = floatIdentity(key.imaginary);
    return key.imaginary === 0
      ? floatIdentity(key.real)
      : imaginary && `c${floatIdentity(key.real) ?? ''},${imaginary}`;
  }
  if (!(key instanceof MarshalTuple)) return undefined;
  const parts = key.items.map(keyIdentity);
  return parts.includes(undefined) ? undefined : `(${parts.join(',')})`;
}

function floatIdentity(value: number): string | undefined {
  if (Number.isNaN(value)) return undefined;
  return Number.isInteger(value) ? `n${BigInt(value)}` : `n${String(value)}`;
}

/** Finds, for keys that are not text, the key of a dictionary or set that Python takes for the same. */
export class KeyIndex {
  readonly #keys = new Map<string, MarshalValue>();

  /** The first key that equals this one, or the key itself. */
  canonical(key: MarshalValue): MarshalValue {
    if (typeof key === 'string') return key;
    if (!isHashable(key)) throw new BrokenRule('a list, dictionary, set or object cannot be a key, nor be in a set');
    const identity = keyIdentity(key);
    if (identity === undefined) return key;
    const first = this.#keys.get(identity);
    if (first !== undefined) return first;
    this.#keys.set(identity, key);
    return key;
  }
}

/** Fills a dictionary with alternating keys and values; the last of two equal keys wins. */
export function fillDictionary(target: Map<MarshalValue, MarshalValue>, items: readonly MarshalValue[]): void {
  if (items.length % 2 === 1) throw new BrokenRule('a dictionary has a key without a value');
  let index: KeyIndex | undefined;
  for (let at = 0; at < items.length; at += 2) {
    let key = items[at] as MarshalValue;
    if (typeof key !== 'string') {
      index ??= new KeyIndex();
      key = index.canonical(key);
    }
    target.set(key, items[at + 1] as MarshalValue);
  }
}

/** Fills a set; of equal members the first stays. */
export function fillSet(target: Set<MarshalValue>, items: readonly MarshalValue[]): void {
  const index = new KeyIndex();
  for (const item of items) target.add(index.canonical(item));
}

const MODULE_NAME = 'slapos.slap.slap';
const ATTRIBUTE_NAME = /^_?[A-Za-z][A-Za-z0-9_]*$/;
const REFUSED_ATTRIBUTES: ReadonlySet<string> = new Set(['constructor', 'prototype']);

/** Refuses every class that is not on the closed list. */
export function checkClass(module: string, className: string): MarshalClassName {
  const known = MARSHAL_CLASS_NAMES.find((name) => name === className);
  if (module !== MODULE_NAME || known === undefined) {
    throw new BrokenRule(`refusing to unmarshal an object of class ${quoted(`${module}.${className}`)}`);
  }
  return known;
}

/** Makes an object of its two children, the arguments and the state. */
export function makeObject(className: MarshalClassName, children: readonly MarshalValue[]): MarshalObject {
  const [first, state] = children;
  if (children.length !== 2 || first === undefined || state === undefined) {
    throw new BrokenRule(`an object of class ${className} needs a tuple and a state`);
  }
  const initArguments = first instanceof MarshalTuple ? first.items : Array.isArray(first) ? first : undefined;
  if (initArguments === undefined)
    throw new BrokenRule(`the first part of an object of class ${className} is no tuple`);
  checkArguments(className, initArguments);
  if (state !== null && !(state instanceof Map))
    throw new BrokenRule(`the state of an object of class ${className} is no dictionary`);
  if (state !== null) for (const name of state.keys()) checkAttributeName(name);
  return new MarshalObject({ className, initArguments, attributes: (state ?? new Map()) as Map<string, MarshalValue> });
}

function checkAttributeName(name: MarshalValue): void {
  if (typeof name === 'string' && ATTRIBUTE_NAME.test(name) && !REFUSED_ATTRIBUTES.has(name)) return;
  throw new BrokenRule(
    typeof name === 'string' ? `${quoted(name)} is no attribute name` : 'an attribute name is not a text',
  );
}

function checkArguments(className: MarshalClassName, initArguments: readonly MarshalValue[]): void {
  const [first = null, second = null, third = null] = initArguments;
  const fits = {
    Computer: () => initArguments.length === 1,
    ComputerPartition: () => initArguments.length <= 3 && ((first !== null && second !== null) || third !== null),
    SoftwareRelease: () => initArguments.length <= 2,
    SoftwareInstance: () => initArguments.length === 0,
  }[className]();
  if (!fits)
    throw new BrokenRule(`an object of class ${className} cannot be made of these ${initArguments.length} arguments`);
}

/** The containers of a document by their id. A second use of an id replaces the first. */
export class References {
  readonly #known = new Map<string, { value: MarshalValue | undefined; isOpen: boolean }>();
  readonly #allowCycles: boolean;

  constructor(allowCycles: boolean) {
    this.#allowCycles = allowCycles;
  }

  /** To be called when the container opens; `value` is undefined for an object, which exists only when it closes. */
  open(id: string, value: MarshalValue | undefined): { value: MarshalValue | undefined; isOpen: boolean } {
    const entry = { value, isOpen: true };
    this.#known.set(id, entry);
    return entry;
  }

  resolve(id: string | undefined): MarshalValue {
    if (id === undefined) throw new BrokenRule('a reference has no id');
    const entry = this.#known.get(id);
    if (entry === undefined) throw new BrokenRule(`a reference to the unknown id ${quoted(id)}`);
    if (entry.value === undefined) throw new BrokenRule(`an object refers to itself (id ${quoted(id)})`);
    if (entry.isOpen && !this.#allowCycles) throw new BrokenRule(`a value contains itself (id ${quoted(id)})`);
    return entry.value;
  }
}
