import { SlapError } from '../errors.js';

/** A float of the wire, where `1.0` and `1` are different things (spec: marshal). */
export class MarshalFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  /** Lets it take part in arithmetic. */
  valueOf(): number {
    return this.value;
  }
}

/** A complex number of the wire (spec: marshal). */
export class MarshalComplex {
  readonly real: number;
  readonly imaginary: number;
  constructor(real: number, imaginary: number) {
    this.real = real;
    this.imaginary = imaginary;
  }
}

/** A tuple of the wire: a fixed sequence, distinct from a list (an array) (spec: marshal). */
export class MarshalTuple<T = MarshalValue> {
  readonly items: readonly T[];
  constructor(items: readonly T[]) {
    this.items = items;
  }
}

/** The classes that may be written and read; all are of the module `slapos.slap.slap` (spec: marshal). */
export const MARSHAL_CLASS_NAMES = ['Computer', 'ComputerPartition', 'SoftwareRelease', 'SoftwareInstance'] as const;

/** One of {@link MARSHAL_CLASS_NAMES}. */
export type MarshalClassName = (typeof MARSHAL_CLASS_NAMES)[number];

/** An object of the wire as plain data: nothing of it is ever executed (spec: marshal). */
export class MarshalObject {
  readonly className: MarshalClassName;
  /** The arguments of its constructor. */
  readonly initArguments: readonly MarshalInput[];
  /** Its state, by attribute name. Values read from a document are always {@link MarshalValue}. */
  readonly attributes: ReadonlyMap<string, MarshalInput>;

  constructor(options: {
    className: MarshalClassName;
    initArguments: readonly MarshalInput[];
    attributes: ReadonlyMap<string, MarshalInput> | Readonly<Record<string, MarshalInput>>;
  }) {
    this.className = options.className;
    this.initArguments = options.initArguments;
    this.attributes =
      options.attributes instanceof Map
        ? (options.attributes as ReadonlyMap<string, MarshalInput>)
        : new Map(Object.entries(options.attributes));
  }
}

/** What reading a document gives. */
export type MarshalValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | MarshalFloat
  | MarshalComplex
  | MarshalTuple
  | MarshalObject
  | MarshalValue[]
  | Map<MarshalValue, MarshalValue>
  | Set<MarshalValue>;

/**
 * What can be written. A safe integer number becomes `int`, any other number `float`; a plain or null-prototype object
 * becomes a dictionary.
 */
export type MarshalInput =
  | null
  | boolean
  | number
  | bigint
  | string
  | MarshalFloat
  | MarshalComplex
  | MarshalTuple<MarshalInput>
  | MarshalObject
  | readonly MarshalInput[]
  | ReadonlyMap<MarshalInput, MarshalInput>
  | ReadonlySet<MarshalInput>
  | { readonly [key: string]: MarshalInput };

/** A dictionary as plain data: without prototype, so that `__proto__` is a key like any other. */
export type PlainRecord = Record<string, unknown>;

/** An empty dictionary without prototype. */
export function emptyRecord(): PlainRecord {
  return Object.create(null) as PlainRecord;
}

/** Whether a value is an object literal or an object without prototype, and not an instance of some class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/**
 * Turns what was read into plain data: dictionaries and objects become objects without prototype, tuples and sets arrays,
 * floats numbers, complex numbers `[real, imaginary]`. Keys that are not text become their `String()`.
 * @throws SlapError `SLAP_INVALID_DOCUMENT` when the value contains itself.
 */
export function toPlain(value: MarshalInput): unknown {
  return plain(value, new Set());
}

function plain(value: MarshalInput, ancestors: Set<object>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof MarshalFloat) return value.value;
  if (value instanceof MarshalComplex) return [value.real, value.imaginary];
  if (ancestors.has(value)) {
    throw new SlapError('SLAP_INVALID_DOCUMENT', 'A marshalled value contains itself and has no plain form.');
  }
  ancestors.add(value);
  const result = plainContainer(value, ancestors);
  ancestors.delete(value);
  return result;
}

function plainContainer(
  value: Exclude<MarshalInput, null | boolean | number | bigint | string>,
  ancestors: Set<object>,
) {
  if (Array.isArray(value)) return (value as readonly MarshalInput[]).map((item) => plain(item, ancestors));
  if (value instanceof MarshalTuple) return value.items.map((item) => plain(item, ancestors));
  if (value instanceof Set) return [...(value as ReadonlySet<MarshalInput>)].map((item) => plain(item, ancestors));
  const record = emptyRecord();
  for (const [key, item] of entriesOf(value)) record[plainKey(key)] = plain(item, ancestors);
  return record;
}

function entriesOf(value: object): Iterable<readonly [MarshalInput, MarshalInput]> {
  if (value instanceof MarshalObject) return value.attributes;
  if (value instanceof Map) return value as ReadonlyMap<MarshalInput, MarshalInput>;
  return Object.entries(value as Record<string, MarshalInput>);
}

function plainKey(key: MarshalInput): string {
  if (typeof key === 'string') return key;
  const plainForm = toPlain(key);
  return typeof plainForm === 'bigint' ? String(plainForm) : JSON.stringify(plainForm);
}
