import {
  BrokenRule,
  checkClass,
  fillDictionary,
  fillSet,
  type MarshalRules,
  makeObject,
  References,
  SCALAR_PARSERS,
} from './value-rules.js';
import { MarshalTuple, type MarshalValue } from './values.js';
import { unescapeOnce } from './xml-text.js';

/** Thrown, never seen outside: the document is not in the fixed dialect, or is wrong in some way. */
const NOT_MINE = new BrokenRule('not in the fixed dialect');

const ROOT_START = '<marshal>';
const ROOT_END = '</marshal>';
// What XML 1.0 cannot hold, and CR, which a parser must turn into LF. Surrogates get a closer look.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for
const UNUSUAL = /[\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/;
/** How many different names of attributes and parameters are kept. */
const MAX_NAMES = 500;
const SLASH = 0x2f;
const LETTER_A = 0x61;
const LESS = 0x3c;
const GREATER = 0x3e;

const NAMES = [...Object.keys(SCALAR_PARSERS), 'string', 'reference', 'tuple', 'list', 'dictionary', 'set', 'object'];
const NAMES_BY_LETTER = Array.from({ length: 26 }, (_, letter) =>
  NAMES.filter((name) => name.charCodeAt(0) === LETTER_A + letter),
);

/**
 * Reads the dialect that SLAP peers really write (no declaration, comments, CDATA, namespaces or unusual attributes) in one
 * pass without building events. It never accepts what the sax reader refuses: whatever it does not know for sure gives
 * `undefined`, and the sax reader decides.
 */
export function readFast(text: string, rules: MarshalRules): MarshalValue | undefined {
  if (!text.startsWith(ROOT_START) || UNUSUAL.test(text) || text.includes(']]>')) return undefined;
  try {
    return new FastScanner(text, rules).document();
  } catch (error) {
    if (error instanceof BrokenRule) return undefined;
    throw error;
  }
}

class FastScanner {
  readonly #text: string;
  readonly #rules: MarshalRules;
  /** Undefined when nothing in the document refers to anything: then ids need not be kept. */
  readonly #references: References | undefined;
  #at = ROOT_START.length;
  readonly #names = new Map<string, string>();
  #elements = 0;

  constructor(text: string, rules: MarshalRules) {
    this.#text = text;
    this.#rules = rules;
    this.#references = text.includes('<reference') ? new References(rules.allowCycles) : undefined;
  }

  document(): MarshalValue {
    this.#skipSpace();
    const value = this.#value(1);
    this.#skipSpace();
    this.#expect(ROOT_END);
    this.#skipSpace();
    if (this.#at !== this.#text.length) throw NOT_MINE;
    return value;
  }

  #expect(literal: string): void {
    if (!this.#text.startsWith(literal, this.#at)) throw NOT_MINE;
    this.#at += literal.length;
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x09) return;
      this.#at += 1;
    }
  }

  /** Reads the name of an element; what follows it is checked by those who know what may follow. */
  #name(): string {
    if (this.#text.charCodeAt(this.#at) !== LESS) throw NOT_MINE;
    const start = this.#at + 1;
    for (const name of NAMES_BY_LETTER[this.#text.charCodeAt(start) - LETTER_A] ?? []) {
      if (!this.#text.startsWith(name, start)) continue;
      this.#at = start + name.length;
      return name;
    }
    throw NOT_MINE;
  }

  #value(depth: number): MarshalValue {
    this.#elements += 1;
    if (this.#elements > this.#rules.maxElements) throw NOT_MINE;
    // The most frequent one first, without looking at its name letter by letter.
    if (this.#text.startsWith('<string>', this.#at)) {
      this.#at += 8;
      return this.#string('</string>');
    }
    const name = this.#name();
    switch (name) {
      case 'string':
        this.#expect('/>');
        return '';
      case 'dictionary':
      case 'list':
      case 'set':
        return this.#container(name, depth);
      case 'tuple':
        return new MarshalTuple(this.#children(name, depth));
      case 'object':
        return this.#object(depth);
      case 'reference': {
        const id = this.#id();
        this.#expect('/>');
        if (this.#references === undefined) throw NOT_MINE;
        return this.#references.resolve(id);
      }
      default:
        return this.#scalar(name);
    }
  }

  #scalar(name: string): MarshalValue {
    const parse = SCALAR_PARSERS[name];
    if (parse === undefined) throw NOT_MINE;
    if (this.#text.charCodeAt(this.#at) === SLASH) {
      this.#expect('/>');
      return parse('');
    }
    this.#expect('>');
    const end = this.#text.indexOf('<', this.#at);
    const content = this.#text.slice(this.#at, end);
    if (end < 0 || content.includes('&')) throw NOT_MINE;
    this.#at = end;
    this.#expect(`</${name}>`);
    return parse(content);
  }

  #string(close: string): string {
    const end = this.#text.indexOf('<', this.#at);
    if (end < 0) throw NOT_MINE;
    const raw = this.#text.slice(this.#at, end);
    this.#at = end;
    this.#expect(close);
    return raw.includes('&') ? unescapeOnce(decodeReferences(raw)) : raw;
  }

  #id(): string | undefined {
    if (!this.#text.startsWith(' id="', this.#at)) return undefined;
    const start = this.#at + 5;
    let end = start;
    while (isIdUnit(this.#text.charCodeAt(end))) end += 1;
    this.#at = end;
    this.#expect('"');
    // An id that nobody can refer to is not worth a text of its own.
    return this.#references === undefined ? undefined : this.#text.slice(start, end);
  }

  #container(name: 'list' | 'dictionary' | 'set', depth: number): MarshalValue {
    const id = this.#id();
    const value =
      name === 'list' ? [] : name === 'dictionary' ? new Map<MarshalValue, MarshalValue>() : new Set<MarshalValue>();
    const entry = id === undefined ? undefined : this.#references?.open(id, value);
    if (Array.isArray(value)) this.#children(name, depth, value);
    else if (value instanceof Map) this.#entries(depth, value);
    else fillSet(value, this.#children(name, depth));
    if (entry !== undefined) entry.isOpen = false;
    return value;
  }

  /** Whether a container has children; the position is after its name and id, and then before the first child. */
  #opens(depth: number): boolean {
    if (depth > this.#rules.maxDepth) throw NOT_MINE;
    const unit = this.#text.charCodeAt(this.#at);
    if (unit === GREATER) {
      this.#at += 1;
      return true;
    }
    this.#expect('/>');
    return false;
  }

  /** Whether a container ends here; the position is then after it. */
  #ends(close: string): boolean {
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at + 1) !== SLASH) return false;
    this.#expect(close);
    return true;
  }

  /** The values of a container up to its end. */
  #children(name: string, depth: number, items: MarshalValue[] = []): MarshalValue[] {
    if (!this.#opens(depth)) return items;
    const close = `</${name}>`;
    while (!this.#ends(close)) items.push(this.#value(depth + 1));
    return items;
  }

  /** The keys and values of a dictionary up to its end, without a list of them in between where all keys are texts. */
  #entries(depth: number, target: Map<MarshalValue, MarshalValue>): void {
    if (!this.#opens(depth)) return;
    while (!this.#ends('</dictionary>')) {
      const key = this.#key(depth + 1);
      if (this.#ends('</dictionary>')) throw NOT_MINE;
      const value = this.#value(depth + 1);
      if (typeof key === 'string') {
        target.set(key, value);
        continue;
      }
      // Keys that are not texts are rare: from here on the general rule.
      fillDictionary(target, [...[...target].flat(), key, value, ...this.#rest(depth)]);
      return;
    }
  }

  /** A key; the same few names come again and again, and are kept once. */
  #key(depth: number): MarshalValue {
    const key = this.#value(depth);
    if (typeof key !== 'string') return key;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    if (this.#names.size < MAX_NAMES) this.#names.set(key, key);
    return key;
  }

  #rest(depth: number): MarshalValue[] {
    const items: MarshalValue[] = [];
    while (!this.#ends('</dictionary>')) items.push(this.#value(depth + 1));
    return items;
  }

  #object(depth: number): MarshalValue {
    const id = this.#id();
    this.#expect(' module="slapos.slap.slap" class="');
    const end = this.#text.indexOf('"', this.#at);
    if (end < 0) throw NOT_MINE;
    const className = checkClass('slapos.slap.slap', this.#text.slice(this.#at, end));
    this.#at = end + 1;
    const entry = id === undefined ? undefined : this.#references?.open(id, undefined);
    const object = makeObject(className, this.#children('object', depth));
    if (entry !== undefined) {
      entry.value = object;
      entry.isOpen = false;
    }
    return object;
  }
}

function isIdUnit(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
}

const NAMED_REFERENCES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeReferences(raw: string): string {
  let result = '';
  let at = 0;
  for (;;) {
    const start = raw.indexOf('&', at);
    if (start < 0) return result + raw.slice(at);
    const end = raw.indexOf(';', start);
    if (end < 0) throw NOT_MINE;
    result += raw.slice(at, start) + decodeReference(raw.slice(start + 1, end));
    at = end + 1;
  }
}

function decodeReference(name: string): string {
  if (Object.hasOwn(NAMED_REFERENCES, name)) return NAMED_REFERENCES[name] ?? '';
  const match = /^#(?:([0-9]{1,8})|x([0-9A-Fa-f]{1,6}))$/.exec(name);
  if (match === null) throw NOT_MINE;
  const codePoint = match[1] === undefined ? Number.parseInt(match[2] ?? '', 16) : Number(match[1]);
  if (!isXmlCodePoint(codePoint)) throw NOT_MINE;
  return String.fromCodePoint(codePoint);
}

function isXmlCodePoint(codePoint: number): boolean {
  if (codePoint < 0x20) return codePoint === 0x09 || codePoint === 0x0a || codePoint === 0x0d;
  return (
    codePoint <= 0xd7ff ||
    (codePoint >= 0xe000 && codePoint <= 0xfffd) ||
    (codePoint >= 0x10000 && codePoint <= 0x10ffff)
  );
}
