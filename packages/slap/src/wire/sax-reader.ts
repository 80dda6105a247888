import { SaxesParser, type SaxesTagNS } from 'saxes';

import { SlapError } from '../errors.js';
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
import { type MarshalClassName, MarshalTuple, type MarshalValue } from './values.js';
import { isXmlText, unescapeOnce } from './xml-text.js';

/** An element that is open: what its end will make of it. */
interface Frame {
  readonly name: string;
  readonly isScalar: boolean;
  text: string;
  readonly items: MarshalValue[];
  readonly finish: (frame: Frame) => MarshalValue;
}

const ROOT_NAME = 'marshal';

/**
 * The reader that accepts all that the format allows: any namespace, comments, CDATA, white space (spec: marshal).
 * It is the reference for the fast scanner and says what is wrong with a document.
 */
export function readWithSax(text: string, rules: MarshalRules): MarshalValue {
  return new SaxReader(rules).read(text);
}

class SaxReader {
  readonly #rules: MarshalRules;
  readonly #references: References;
  readonly #frames: Frame[] = [];
  readonly #parser = new SaxesParser({ xmlns: true });
  #elements = 0;
  #result: MarshalValue | undefined;

  constructor(rules: MarshalRules) {
    this.#rules = rules;
    this.#references = new References(rules.allowCycles);
  }

  read(text: string): MarshalValue {
    this.#parser.on('error', (error) => {
      throw new BrokenRule(`not well-formed XML: ${error.message.replace(/^\d+:\d+: /, '')}`);
    });
    this.#parser.on('doctype', () => {
      throw new BrokenRule('a document type declaration is refused');
    });
    this.#parser.on('opentag', (tag) => this.#open(tag));
    this.#parser.on('text', (part) => this.#text(part));
    this.#parser.on('cdata', (part) => this.#text(part));
    this.#parser.on('closetag', () => this.#close());
    try {
      // saxes takes a high surrogate and whatever follows for one character.
      if (!isXmlText(text)) throw new BrokenRule('it holds a character that XML cannot carry');
      this.#parser.write(text).close();
      if (this.#result === undefined) throw new BrokenRule('the document is empty');
      return this.#result;
    } catch (error) {
      if (!(error instanceof BrokenRule)) throw error;
      const where = `line ${this.#parser.line}, column ${this.#parser.columnIndex}`;
      const path = this.#frames.map((frame) => frame.name).join('/');
      throw new SlapError(
        'SLAP_INVALID_DOCUMENT',
        `Not a valid SLAP document: ${error.message} (${where}${path && `, in ${path}`}).`,
        {
          cause: error,
        },
      );
    }
  }

  #open(tag: SaxesTagNS): void {
    const parent = this.#frames.at(-1);
    if (parent === undefined) {
      if (tag.local !== ROOT_NAME) throw new BrokenRule(`its root element is <${tag.local}>, not <${ROOT_NAME}>`);
      this.#frames.push({ name: ROOT_NAME, isScalar: false, text: '', items: [], finish: onlyValue });
      return;
    }
    if (parent.isScalar) throw new BrokenRule(`<${tag.local}> inside <${parent.name}>`);
    this.#elements += 1;
    if (this.#elements > this.#rules.maxElements) throw new BrokenRule(`more than ${this.#rules.maxElements} elements`);
    const frame = this.#frame(tag);
    this.#frames.push(frame);
    const depth = this.#frames.length - (frame.isScalar ? 2 : 1);
    if (depth > this.#rules.maxDepth) throw new BrokenRule(`more than ${this.#rules.maxDepth} levels of nesting`);
  }

  #frame(tag: SaxesTagNS): Frame {
    const name = tag.local;
    const scalar = SCALAR_PARSERS[name];
    if (scalar !== undefined) return scalarFrame(name, (frame) => scalar(frame.text));
    switch (name) {
      case 'string':
      case 'unicode':
        return scalarFrame(name, (frame) => unescapeOnce(frame.text));
      case 'reference':
        return scalarFrame(name, () => this.#references.resolve(attribute(tag, 'id')));
      case 'tuple':
        return containerFrame(name, [], (frame) => new MarshalTuple(frame.items));
      case 'list':
        return this.#registered(tag, [] as MarshalValue[], (list, frame) => {
          // Not one call with all items: an array of arguments has a limit.
          for (const item of frame.items) list.push(item);
        });
      case 'dictionary':
        return this.#registered(tag, new Map<MarshalValue, MarshalValue>(), (map, frame) =>
          fillDictionary(map, frame.items),
        );
      case 'set':
        return this.#registered(tag, new Set<MarshalValue>(), (set, frame) => fillSet(set, frame.items));
      case 'object':
        return this.#objectFrame(tag);
      default:
        throw new BrokenRule(`unknown element <${name}>`);
    }
  }

  #registered<T extends MarshalValue[] | Map<MarshalValue, MarshalValue> | Set<MarshalValue>>(
    tag: SaxesTagNS,
    value: T,
    fill: (value: T, frame: Frame) => void,
  ): Frame {
    const id = attribute(tag, 'id');
    const entry = id === undefined ? undefined : this.#references.open(id, value);
    return containerFrame(tag.local, [], (frame) => {
      fill(value, frame);
      if (entry !== undefined) entry.isOpen = false;
      return value;
    });
  }

  #objectFrame(tag: SaxesTagNS): Frame {
    const className: MarshalClassName = checkClass(attribute(tag, 'module') ?? '', attribute(tag, 'class') ?? '');
    const id = attribute(tag, 'id');
    const entry = id === undefined ? undefined : this.#references.open(id, undefined);
    return containerFrame(tag.local, [], (frame) => {
      const object = makeObject(className, frame.items);
      if (entry !== undefined) {
        entry.value = object;
        entry.isOpen = false;
      }
      return object;
    });
  }

  #text(part: string): void {
    const frame = this.#frames.at(-1);
    // Text between elements is ignored; numbers and texts collect theirs.
    if (frame?.isScalar === true) frame.text += part;
  }

  #close(): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return;
    const value = frame.finish(frame);
    this.#frames.pop();
    const parent = this.#frames.at(-1);
    if (parent === undefined) this.#result = value;
    else parent.items.push(value);
  }
}

function attribute(tag: SaxesTagNS, local: string): string | undefined {
  const plain = tag.attributes[local];
  if (plain !== undefined) return plain.value;
  return Object.values(tag.attributes).find((candidate) => candidate.local === local && candidate.prefix !== 'xmlns')
    ?.value;
}

function onlyValue(frame: Frame): MarshalValue {
  const [value] = frame.items;
  if (value === undefined || frame.items.length !== 1) {
    throw new BrokenRule(`<${ROOT_NAME}> holds ${frame.items.length} values instead of one`);
  }
  return value;
}

function scalarFrame(name: string, finish: Frame['finish']): Frame {
  return { name, isScalar: true, text: '', items: [], finish };
}

function containerFrame(name: string, items: MarshalValue[], finish: Frame['finish']): Frame {
  return { name, isScalar: false, text: '', items, finish };
}
