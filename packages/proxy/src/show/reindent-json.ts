import { pythonFloatText } from '@slapos/slap';

const INDENT = '  ';
/** Matches one token of a text that is known to be JSON; linear, for no two alternatives begin alike. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/gs;

type Tree =
  | { readonly scalar: string }
  | { readonly items: readonly Tree[] }
  | { readonly members: ReadonlyMap<string, Tree> };

/**
 * Lays JSON out as Python's `json.dumps(…, indent=2, sort_keys=True)` does. Numbers keep their digits, however long.
 * `undefined` when the text is not JSON.
 */
export function reindentJson(text: string): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const tokens = text.match(TOKEN) ?? [];
  let position = 0;
  const next = () => tokens[position++] ?? '';

  function readTree(): Tree {
    const token = next();
    if (token === '[') return { items: readItems() };
    if (token === '{') return { members: readMembers() };
    return { scalar: writeScalar(token) };
  }

  function readItems(): Tree[] {
    const items: Tree[] = [];
    if (tokens[position] === ']') position += 1;
    else
      do items.push(readTree());
      while (next() === ',');
    return items;
  }

  function readMembers(): Map<string, Tree> {
    const members = new Map<string, Tree>();
    if (tokens[position] === '}') position += 1;
    else
      do {
        const key = JSON.parse(next()) as string;
        next();
        members.set(key, readTree());
      } while (next() === ',');
    return members;
  }

  return write(readTree(), '');
}

function write(tree: Tree, indent: string): string {
  if ('scalar' in tree) return tree.scalar;
  const inner = indent + INDENT;
  if ('items' in tree) {
    if (tree.items.length === 0) return '[]';
    return `[\n${tree.items.map((item) => inner + write(item, inner)).join(',\n')}\n${indent}]`;
  }
  if (tree.members.size === 0) return '{}';
  const members = [...tree.members].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{\n${members.map(([key, value]) => `${inner}${asciiString(key)}: ${write(value, inner)}`).join(',\n')}\n${indent}}`;
}

function writeScalar(token: string): string {
  if (token.startsWith('"')) return asciiString(JSON.parse(token) as string);
  return /^-?\d+[.eE]/.test(token) ? pythonFloatText(Number(token)) : token;
}

function asciiString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) =>
    unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
