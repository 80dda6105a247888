const INDENT = '  ';
const TOKEN = /<[^>]+>|[^<]+/g;

/**
 * Lays out a marshalled document as the reference keeps it on disk: one element a line, two blanks a level, empty texts as `<string/>`, a
 * final newline (spec: format §7). Only for documents that `marshal` wrote: elements hold either text or elements.
 */
export function indentDocument(document: string): string {
  const out: string[] = [];
  let depth = 0;
  const tokens = document.match(TOKEN) ?? [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? '';
    if (token.startsWith('</')) {
      depth -= 1;
      out.push(INDENT.repeat(depth) + token);
      continue;
    }
    const leaf = leafAt(tokens, index);
    if (leaf === undefined) {
      out.push(INDENT.repeat(depth) + token);
      if (!token.endsWith('/>')) depth += 1;
    } else {
      out.push(INDENT.repeat(depth) + leaf.line);
      index += leaf.length - 1;
    }
  }
  return `${out.join('\n')}\n`;
}

/** The element that begins at `index` when it holds text alone or nothing. */
function leafAt(tokens: readonly string[], index: number): { line: string; length: number } | undefined {
  const [open = '', content = '', close = ''] = tokens.slice(index, index + 3);
  if (open.endsWith('/>')) return undefined;
  if (content.startsWith('</')) return { line: `${open.slice(0, -1)}/>`, length: 2 };
  if (!content.startsWith('<') && close.startsWith('</')) return { line: open + content + close, length: 3 };
  return undefined;
}
