import { SaxesParser } from 'saxes';

import { SlapError } from '../errors.js';

/** An element of a document that has no namespaces, and either elements or text in each element. */
export interface PlainElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly PlainElement[];
  /** The text directly in it; comments and processing instructions leave no trace. */
  readonly text: string;
}

const MAX_DEPTH = 16;

/**
 * Reads a small document strictly: no document type, no entities but the five, no namespaces (spec: security S11).
 * @throws SlapError `SLAP_INVALID_DOCUMENT`
 */
export function readPlainXml(document: string): PlainElement {
  const open: { name: string; attributes: Record<string, string>; children: PlainElement[]; text: string }[] = [];
  let root: PlainElement | undefined;
  const parser = new SaxesParser({ xmlns: true });
  const refuse = (reason: string): never => {
    throw invalidUsage(`${reason} (line ${parser.line})`);
  };
  const addText = (text: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.on('error', (error) => refuse(`not well-formed XML: ${error.message.replace(/^\d+:\d+: /, '')}`));
  parser.on('doctype', () => refuse('a document type declaration is refused'));
  parser.on('opentag', (tag) => {
    if (tag.uri !== '') refuse(`<${tag.name}> is in a namespace`);
    if (open.length >= MAX_DEPTH) refuse(`elements are nested more than ${String(MAX_DEPTH)} deep`);
    const attributes = Object.fromEntries(
      Object.entries(tag.attributes).map(([name, attribute]) => [name, attribute.value]),
    );
    open.push({ name: tag.name, attributes, children: [], text: '' });
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const element = open.pop();
    if (element === undefined) return;
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
  });
  parser.write(document).close();
  return root ?? refuse('an empty document');
}

/** What all refusals of usage documents look like. */
export function invalidUsage(reason: string): SlapError {
  return new SlapError('SLAP_INVALID_DOCUMENT', `Invalid usage document: ${reason}`);
}
