import { invalidUsage, type PlainElement } from './plain-xml.js';

/** What may stand in an element: a sequence of children, nothing else. An element without a model holds text. */
export interface ContentModel {
  /** Attributes that must be there; no other may. */
  readonly attributes?: readonly string[];
  readonly children: readonly ChildModel[];
}

interface ChildModel {
  readonly name: string;
  readonly optional?: boolean;
  readonly repeated?: boolean;
  /** The text is a `float` of XML Schema. */
  readonly isFloat?: boolean;
  readonly model?: ContentModel;
}

const FLOAT = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?INF|NaN)$/;

/** @throws SlapError `SLAP_INVALID_DOCUMENT` */
export function checkContent(element: PlainElement, model: ContentModel): void {
  const { name, attributes, children, text } = element;
  for (const wanted of model.attributes ?? [])
    if (attributes[wanted] === undefined) throw invalidUsage(`<${name}> lacks the attribute ${wanted}`);
  checkNoOtherAttributes(element, model.attributes ?? []);
  if (text.trim() !== '') throw invalidUsage(`<${name}> holds text between its elements`);
  let next = 0;
  for (const child of model.children) {
    let count = 0;
    for (
      let found = children[next];
      found?.name === child.name && (count === 0 || child.repeated === true);
      found = children[next]
    ) {
      checkChild(found, child);
      next += 1;
      count += 1;
    }
    if (count === 0 && child.optional !== true)
      throw invalidUsage(`<${name}> has ${shown(children[next])} where <${child.name}> is expected`);
  }
  if (next < children.length)
    throw invalidUsage(`<${name}> has ${shown(children[next])} where nothing more is expected`);
}

function checkChild(element: PlainElement, { model, isFloat = false }: ChildModel): void {
  if (model !== undefined) {
    checkContent(element, model);
    return;
  }
  const { name, children, text } = element;
  checkNoOtherAttributes(element, []);
  if (children.length > 0) throw invalidUsage(`<${name}> holds ${shown(children[0])} where only text is expected`);
  if (isFloat && !FLOAT.test(text.trim()))
    throw invalidUsage(`<${name}> is ${JSON.stringify(text)}, which is no number`);
}

function checkNoOtherAttributes({ name, attributes }: PlainElement, known: readonly string[]): void {
  const other = Object.keys(attributes).find((attribute) => !known.includes(attribute));
  if (other !== undefined) throw invalidUsage(`<${name}> has the attribute ${other}, which is not known`);
}

function shown(element: PlainElement | undefined): string {
  return element === undefined ? 'nothing' : `<${element.name}>`;
}
