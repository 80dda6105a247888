import { SlapError } from '../errors.js';

// What XML 1.0 cannot hold: most control characters, lone surrogates, and two non-characters.
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
const PLAIN_ASCII = /^[\t\n\u0020-%'-;=?-\u007f]*$/;

/**
 * Refuses text that XML 1.0 cannot hold.
 * @throws SlapError `SLAP_INVALID_ARGUMENT` naming the code point and `what` holds it.
 */
export function assertXmlText(text: string, what: string): void {
  const found = NOT_XML.exec(text);
  if (found === null) return;
  const codePoint = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  throw new SlapError(
    'SLAP_INVALID_ARGUMENT',
    `${what} holds U+${codePoint} at position ${found.index}, which XML cannot carry.`,
    {
      hint: 'Encode binary data as base64 before sending it.',
    },
  );
}

/** Whether every character of the text may stand in an XML 1.0 document. */
export function isXmlText(text: string): boolean {
  return !NOT_XML.test(text);
}

const TWICE_ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;amp;',
  '<': '&amp;lt;',
  '>': '&amp;gt;',
  '\r': '&#13;',
};

/** Text content of a marshalled document: escaped twice, ASCII only (spec: marshal). */
export function escapeMarshalText(text: string): string {
  if (PLAIN_ASCII.test(text)) return text;
  assertXmlText(text, 'A text');
  return text.replace(/[&<>\r]|[^\t\n -\u007f]/gu, (character) => {
    return TWICE_ESCAPED[character] ?? `&#${String(character.codePointAt(0))};`;
  });
}

/** Undoes the inner of the two escapes: only `&lt;` `&gt;` `&amp;`, in one pass (spec: marshal). */
export function unescapeOnce(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(lt|gt|amp);/g, (_whole, name: string) => (name === 'lt' ? '<' : name === 'gt' ? '>' : '&'));
}

const ONCE_ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#13;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
};

/** Text content of parameter XML: escaped once, raw Unicode (spec: marshal). */
export function escapeXmlText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => ONCE_ESCAPED[character] ?? character);
}

/** An attribute value of parameter XML (spec: marshal). */
export function escapeXmlAttribute(text: string): string {
  return text.replace(/[&<>\r"\n\t]/g, (character) => ONCE_ESCAPED[character] ?? character);
}
