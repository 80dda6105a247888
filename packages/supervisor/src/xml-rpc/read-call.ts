import sax from 'sax';
import type { RpcStruct, RpcValue } from './values.js';

const MAX_DEPTH = 32;

/** A call: a method and what it is called with. */
export interface RpcCall {
  readonly method: string;
  readonly parameters: readonly RpcValue[];
}

interface Element {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/**
 * Reads a call (spec: supervisor §9.2).
 * @throws Error when it is not one
 */
export function readCall(document: string): RpcCall {
  const root = readElements(document);
  const call = root.children.find(({ name }) => name === 'methodCall');
  const method = call?.children.find(({ name }) => name === 'methodName')?.text.trim();
  if (!call || method === undefined || method === '') throw new Error('no method name');
  const parameters = call.children.find(({ name }) => name === 'params')?.children ?? [];
  return {
    method,
    parameters: parameters.map((parameter) => {
      const [value] = parameter.children;
      if (parameter.name !== 'param' || value?.name !== 'value') throw new Error('a parameter without a value');
      return valueOf(value);
    }),
  };
}

function readElements(document: string): Element {
  const parser = sax.parser(true, { trim: false });
  const root: Element = { name: '', children: [], text: '' };
  const stack = [root];
  parser.ondoctype = () => {
    throw new Error('a document type is not allowed');
  };
  parser.onopentag = ({ name }) => {
    if (stack.length > MAX_DEPTH) throw new Error('nested too deeply');
    const element: Element = { name, children: [], text: '' };
    stack.at(-1)?.children.push(element);
    stack.push(element);
  };
  parser.ontext = parser.oncdata = (text) => {
    const element = stack.at(-1);
    if (element) element.text += text;
  };
  parser.onclosetag = () => {
    stack.pop();
  };
  parser.onerror = (error) => {
    throw error;
  };
  parser.write(document).close();
  return root;
}

function valueOf(element: Element): RpcValue {
  const [typed] = element.children;
  if (!typed) return element.text;
  switch (typed.name) {
    case 'string':
    case 'dateTime.iso8601':
      return typed.text;
    case 'base64':
      return Buffer.from(typed.text, 'base64').toString('utf8');
    case 'boolean':
      if (!/^\s*[01]\s*$/.test(typed.text)) throw new Error('a boolean is 0 or 1');
      return typed.text.trim() === '1';
    case 'int':
    case 'i4':
    case 'double': {
      const number = Number(typed.text);
      if (typed.text.trim() === '' || !Number.isFinite(number))
        throw new Error(`not a number: ${JSON.stringify(typed.text)}`);
      return number;
    }
    case 'array':
      return (typed.children.find(({ name }) => name === 'data')?.children ?? []).map(valueOf);
    case 'struct':
      return structOf(typed);
    default:
      throw new Error(`unknown type ${JSON.stringify(typed.name)}`);
  }
}

function structOf(element: Element): RpcStruct {
  const struct: Record<string, RpcValue> = Object.create(null) as Record<string, RpcValue>;
  for (const { children } of element.children) {
    const name = children.find((child) => child.name === 'name');
    const value = children.find((child) => child.name === 'value');
    if (!name || !value) throw new Error('a member without name or value');
    struct[name.text] = valueOf(value);
  }
  return struct;
}
