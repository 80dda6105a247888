import { SlapError } from '../errors.js';
import { compareCodePoints, pythonFloatText, pythonRepr } from './python-text.js';
import {
  isPlainObject,
  MARSHAL_CLASS_NAMES,
  MarshalComplex,
  MarshalFloat,
  type MarshalInput,
  MarshalObject,
  MarshalTuple,
} from './values.js';
import { escapeMarshalText } from './xml-text.js';

const FIRST_ID = 2;
const MAX_WRITE_DEPTH = 500;
const MODULE_NAME = 'slapos.slap.slap';
/** From here on the wire says `long`: Python compares with the float 1e24, which is a little less than 10²⁴. */
const FIRST_LONG = BigInt(1e24);

/**
 * Writes a value as a marshalled document, byte for byte as the Python marshaller does (spec: marshal).
 * Lists, dictionaries and sets met again become references; objects met again are written anew.
 * @throws SlapError `SLAP_INVALID_ARGUMENT` for what the format cannot carry, naming the place.
 */
export function marshal(value: MarshalInput): string {
  return `<marshal>${new MarshalWriter().write(value, '$', 0)}</marshal>`;
}

class MarshalWriter {
  #nextId = FIRST_ID;
  readonly #idOf = new Map<object, number>();

  write(value: MarshalInput | undefined, place: string, depth: number): string {
    switch (typeof value) {
      case 'string':
        return this.#text(value, place);
      case 'boolean':
        return value ? '<bool>1</bool>' : '<bool>0</bool>';
      case 'number':
        // Beyond the safe integers a number does not say which integer it is: it is written as the float that it is.
        return Number.isSafeInteger(value) ? `<int>${value === 0 ? 0 : value}</int>` : floatElement(value);
      case 'bigint':
        return value >= FIRST_LONG || value <= -FIRST_LONG ? `<long>${value}</long>` : `<int>${value}</int>`;
      case 'object':
        return value === null ? '<none/>' : this.#object(value, place, depth);
      default:
        throw refused(place, `a value of type ${typeof value}`);
    }
  }

  #text(text: string, place: string): string {
    try {
      return `<string>${escapeMarshalText(text)}</string>`;
    } catch (error) {
      throw refused(place, 'text that XML cannot carry', error);
    }
  }

  #object(
    value: Exclude<MarshalInput, null | boolean | number | bigint | string>,
    place: string,
    depth: number,
  ): string {
    if (value instanceof MarshalFloat) return floatElement(value.value);
    if (value instanceof MarshalComplex) {
      return `<complex>${pythonFloatText(value.real)} ${pythonFloatText(value.imaginary)}</complex>`;
    }
    if (depth > MAX_WRITE_DEPTH) throw refused(place, `more than ${MAX_WRITE_DEPTH} levels of nesting`);
    if (value instanceof MarshalTuple) return this.#sequence('<tuple', '</tuple>', value.items, place, depth);
    if (value instanceof MarshalObject) return this.#instance(value, place, depth);
    const known = this.#idOf.get(value);
    if (known !== undefined) return `<reference id="i${known}"/>`;
    const id = this.#takeId();
    this.#idOf.set(value, id);
    if (Array.isArray(value)) {
      return this.#sequence(`<list id="i${id}"`, '</list>', value as readonly MarshalInput[], place, depth);
    }
    if (value instanceof Set) {
      return this.#sequence(`<set id="i${id}"`, '</set>', [...(value as ReadonlySet<MarshalInput>)], place, depth);
    }
    if (value instanceof Map)
      return this.#dictionary(id, [...(value as Map<MarshalInput, MarshalInput>)], place, depth);
    if (isPlainObject(value)) {
      return this.#dictionary(id, Object.entries(value as Record<string, MarshalInput>), place, depth);
    }
    throw refused(place, `an instance of ${(value as object).constructor.name}`);
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }

  #sequence(open: string, close: string, items: readonly MarshalInput[], place: string, depth: number): string {
    if (items.length === 0) return `${open}/>`;
    let content = '';
    for (let index = 0; index < items.length; index += 1)
      content += this.write(items[index], `${place}[${index}]`, depth + 1);
    return `${open}>${content}${close}`;
  }

  #dictionary(id: number, entries: (readonly [MarshalInput, MarshalInput])[], place: string, depth: number): string {
    if (entries.length === 0) return `<dictionary id="i${id}"/>`;
    let content = '';
    for (const [key, item] of entries.sort(([left], [right]) => compareKeys(left, right))) {
      if (!isHashable(key)) throw refused(place, 'a dictionary key that is a list, dictionary, set or object');
      content += this.write(key, `${place} key`, depth + 1);
      content += this.write(item, typeof key === 'string' ? `${place}.${key}` : `${place}[…]`, depth + 1);
    }
    return `<dictionary id="i${id}">${content}</dictionary>`;
  }

  #instance(object: MarshalObject, place: string, depth: number): string {
    if (!MARSHAL_CLASS_NAMES.includes(object.className))
      throw refused(place, `the class ${JSON.stringify(object.className)}`);
    const id = this.#takeId();
    const initArguments = this.#sequence('<tuple', '</tuple>', object.initArguments, `${place}(…)`, depth);
    const state = this.#dictionary(this.#takeId(), [...object.attributes], place, depth);
    return `<object id="i${id}" module="${MODULE_NAME}" class="${object.className}">${initArguments}${state}</object>`;
  }
}

function floatElement(value: number): string {
  return `<float>${pythonFloatText(value)}</float>`;
}

function refused(place: string, what: string, cause?: unknown): SlapError {
  return new SlapError('SLAP_INVALID_ARGUMENT', `Cannot marshal ${what} at ${place}.`, {
    hint: 'Use null, booleans, numbers, texts, arrays, plain objects, Map, Set and the Marshal… classes.',
    cause,
  });
}

function isHashable(key: MarshalInput): boolean {
  if (typeof key !== 'object' || key === null || key instanceof MarshalFloat || key instanceof MarshalComplex)
    return true;
  return key instanceof MarshalTuple && key.items.every(isHashable);
}

/** Python's order of two keys; where they cannot be compared, the order of their `repr`. */
function compareKeys(left: MarshalInput, right: MarshalInput): number {
  if (typeof left === 'string' && typeof right === 'string') return compareCodePoints(left, right);
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== undefined && b !== undefined) return a < b ? -1 : a > b ? 1 : 0;
  if (left instanceof MarshalTuple && right instanceof MarshalTuple) return compareTuples(left.items, right.items);
  return compareCodePoints(pythonRepr(left), pythonRepr(right));
}

function numberOf(value: MarshalInput): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return Number(value);
  return value instanceof MarshalFloat ? value.value : undefined;
}

function compareTuples(left: readonly MarshalInput[], right: readonly MarshalInput[]): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const order = compareKeys(left[index] ?? null, right[index] ?? null);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
