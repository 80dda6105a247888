import { ConfigurationError } from './configuration-error.js';

/** Sections with their keys, lower-cased, in the order of the files; of two equal keys the later one holds. */
export type IniSections = Map<string, Map<string, string>>;

const SECTION = /^\[(?<name>[^\]]+)\]/;
const OPTION = /^(?<key>[^:=\s][^:=]*?)\s*[:=]\s*(?<value>.*)$/;

/**
 * Adds the sections of a text to `sections` (spec: supervisor §9.6): `;` and `#` begin a comment at the beginning of a line or after a
 * blank, lines that are indented more than their key continue its value.
 * @param file for messages
 * @throws ConfigurationError
 */
export function readIni(text: string, file: string, sections: IniSections): void {
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  let keyIndent = 0;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = withoutComment(raw);
    if (line.trim() === '') continue;
    const indent = line.length - line.trimStart().length;
    if (section && key !== undefined && indent > keyIndent) {
      section.set(key, `${section.get(key) ?? ''}\n${line.trim()}`.trim());
      continue;
    }
    const name = SECTION.exec(line.trim())?.groups?.['name'];
    if (name !== undefined) {
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      key = undefined;
      continue;
    }
    const where = `${file}, line ${String(index + 1)}`;
    if (!section) throw new ConfigurationError(`${where}: File contains no section headers: ${JSON.stringify(line)}`);
    const option = OPTION.exec(line.trim())?.groups;
    if (!option) throw new ConfigurationError(`${where}: expected "key = value", found ${JSON.stringify(line)}`);
    key = (option['key'] ?? '').trim().toLowerCase();
    keyIndent = indent;
    section.set(key, (option['value'] ?? '').trim());
  }
}

function withoutComment(line: string): string {
  const comment = /(?:^|\s)[;#]/.exec(line);
  return comment === null ? line : line.slice(0, comment.index);
}
