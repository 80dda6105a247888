import sax from 'sax';
import type { RpcAnswer, RpcStruct, RpcValue } from './values.js';

const MAX_DEPTH = 32;

/** An element while it is read. */
interface Frame {
  readonly name: string;
  text: string;
  readonly children: { readonly name: string; readonly value: RpcValue | undefined }[];
}

/**
 * Reads the answer to a call (spec: supervisor §9.2).
 * @throws Error when it is not one
 */
export function readAnswer(document: string): RpcAnswer {
  const parser = sax.parser(true, { trim: false });
  const stack: Frame[] = [{ name: '', text: '', children: [] }];
  parser.ondoctype = () => {
    throw new Error('a document type is not allowed');
  };
  parser.onopentag = ({ name }) => {
    if (stack.length > MAX_DEPTH) throw new Error('nested too deeply');
    stack.push({ name, text: '', children: [] });
  };
  parser.ontext = parser.oncdata = (text) => {
    const frame = stack.at(-1);
    if (frame) frame.text += text;
  };
  parser.onclosetag = () => {
    const frame = stack.pop();
    if (frame) stack.at(-1)?.children.push({ name: frame.name, value: valueOf(frame) });
  };
  parser.onerror = (error) => {
    throw error;
  };
  parser.write(document).close();
  return answerOf(stack[0]);
}

function answerOf(root: Frame | undefined): RpcAnswer {
  const response = root?.children.find(({ name }) => name === 'methodResponse')?.value;
  if (isStruct(response) && 'fault' in response) {
    const { fault } = response;
    if (isStruct(fault) && typeof fault['faultCode'] === 'number' && typeof fault['faultString'] === 'string') {
      return { kind: 'fault', code: fault['faultCode'], message: fault['faultString'] };
    }
  } else if (isStruct(response) && response['params'] !== undefined) {
    return { kind: 'value', value: response['params'] };
  }
  throw new Error('no methodResponse with params or a fault');
}

/** What an element means. Structs and arrays are gathered from their inner elements. */
function valueOf({ name, text, children }: Frame): RpcValue | undefined {
  const [first] = children;
  switch (name) {
    case 'string':
    case 'name':
      return text;
    case 'int':
    case 'i4':
    case 'double':
      return numberOf(text);
    case 'boolean':
      return text.trim() === '1';
    case 'nil':
      return '';
    case 'array':
    case 'params':
      return name === 'array' ? (first?.value ?? []) : first?.value;
    case 'data':
      return children.map(({ value }) => value).filter((value) => value !== undefined);
    case 'struct':
      return structOf(children.map(({ value }) => value));
    case 'member':
      return [
        children.find((child) => child.name === 'name')?.value ?? '',
        children.find((child) => child.name === 'value')?.value ?? '',
      ];
    case 'methodResponse':
      return first?.value === undefined ? undefined : { [first.name]: first.value };
    case 'value':
      return first === undefined ? text : first.value;
    case 'param':
    case 'fault':
      return first?.value;
    default:
      throw new Error(`unexpected element ${name}`);
  }
}

function numberOf(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw new Error(`not a number: ${JSON.stringify(text)}`);
  return number;
}

function structOf(members: readonly (RpcValue | undefined)[]): RpcStruct {
  const struct: Record<string, RpcValue> = Object.create(null) as Record<string, RpcValue>;
  for (const member of members) {
    if (!Array.isArray(member)) continue;
    const [name, value] = member;
    if (typeof name === 'string' && value !== undefined) struct[name] = value;
  }
  return struct;
}

function isStruct(value: RpcValue | undefined): value is RpcStruct {
  return typeof value === 'object' && !Array.isArray(value);
}
