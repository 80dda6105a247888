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
const SLASH = 0x2f;
const LESS = 0x3c;
const GREATER = 0x3e;

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
  readonly #references: References;
  #at = ROOT_START.length;
  #elements = 0;

  constructor(text: string, rules: MarshalRules) {
    this.#text = text;
    this.#rules = rules;
    this.#references = new References(rules.allowCycles);
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

  /** Reads the name after `<`, up to a space, `>` or `/`. */
  #name(): string {
    if (this.#text.charCodeAt(this.#at) !== LESS) throw NOT_MINE;
    const start = this.#at + 1;
    let end = start;
    for (;;) {
      const unit = this.#text.charCodeAt(end);
      if (unit < 0x61 || unit > 0x7a || Number.isNaN(unit)) break;
      end += 1;
    }
    this.#at = end;
    return this.#text.slice(start, end);
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
    const end = this.#text.indexOf('"', start);
    const id = end < 0 ? '' : this.#text.slice(start, end);
    if (!/^[A-Za-z0-9]{1,40}$/.test(id)) throw NOT_MINE;
    this.#at = end + 1;
    return id;
  }

  #container(name: 'list' | 'dictionary' | 'set', depth: number): MarshalValue {
    const id = this.#id();
    if (name === 'list') {
      const list: MarshalValue[] = [];
      const entry = id === undefined ? undefined : this.#references.open(id, list);
      this.#children(name, depth, list);
      if (entry !== undefined) entry.isOpen = false;
      return list;
    }
    const value = name === 'dictionary' ? new Map<MarshalValue, MarshalValue>() : new Set<MarshalValue>();
    const entry = id === undefined ? undefined : this.#references.open(id, value);
    const items = this.#children(name, depth);
    if (value instanceof Map) fillDictionary(value, items);
    else fillSet(value, items);
    if (entry !== undefined) entry.isOpen = false;
    return value;
  }

  /** The values of a container up to its end; the position is after its name and id. */
  #children(name: string, depth: number, items: MarshalValue[] = []): MarshalValue[] {
    if (depth > this.#rules.maxDepth) throw NOT_MINE;
    if (this.#text.charCodeAt(this.#at) === SLASH) {
      this.#expect('/>');
      return items;
    }
    if (this.#text.charCodeAt(this.#at) !== GREATER) throw NOT_MINE;
    this.#at += 1;
    for (;;) {
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at + 1) === SLASH) {
        this.#expect(`</${name}>`);
        return items;
      }
      items.push(this.#value(depth + 1));
    }
  }

  #object(depth: number): MarshalValue {
    const id = this.#id();
    this.#expect(' module="slapos.slap.slap" class="');
    const end = this.#text.indexOf('"', this.#at);
    if (end < 0) throw NOT_MINE;
    const className = checkClass('slapos.slap.slap', this.#text.slice(this.#at, end));
    this.#at = end + 1;
    const entry = id === undefined ? undefined : this.#references.open(id, undefined);
    const object = makeObject(className, this.#children('object', depth));
    if (entry !== undefined) {
      entry.value = object;
      entry.isOpen = false;
    }
    return object;
  }
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
