import { SaxesParser } from 'saxes';

import { SlapError } from '../errors.js';
import { decodeXml } from './decode-xml.js';
import { compareCodePoints, pythonText } from './python-text.js';
import { assertXmlText, escapeXmlAttribute, escapeXmlText, isXmlText } from './xml-text.js';

const DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n";

/**
 * Writes a dictionary as parameter XML; values that are not text become Python's `str()` of them (spec: marshal §6).
 * @throws SlapError `SLAP_INVALID_ARGUMENT` for a key that is not a text, or text that XML cannot hold.
 */
export function writeParameterXml(
  parameters: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>,
): string {
  const entries = parameters instanceof Map ? [...(parameters as Map<string, unknown>)] : Object.entries(parameters);
  if (entries.length === 0) return `${DECLARATION}<instance/>\n`;
  for (const [key] of entries) {
    if (typeof key !== 'string') throw new SlapError('SLAP_INVALID_ARGUMENT', 'A parameter name must be a text.');
    assertXmlText(key, 'A parameter name');
  }
  entries.sort(([left], [right]) => compareCodePoints(left, right));
  const lines = entries.map(([key, value]) => {
    const text = pythonText(value);
    assertXmlText(text, `Parameter ${JSON.stringify(key)}`);
    return `  <parameter id="${escapeXmlAttribute(key)}">${escapeXmlText(text)}</parameter>\n`;
  });
  return `${DECLARATION}<instance>\n${lines.join('')}</instance>\n`;
}

/**
 * Reads parameter XML. No text at all gives null, a repeated name joins its texts with a space; null or empty input gives
 * an empty map (spec: marshal §6).
 * @throws SlapError `SLAP_INVALID_DOCUMENT` when it is not well-formed or has a DOCTYPE.
 */
export function readParameterXml(xml: string | Uint8Array | null | undefined): Map<string, string | null> {
  const result = new Map<string, string | null>();
  if (xml === null || xml === undefined || xml.length === 0) return result;
  const parser = new SaxesParser({ xmlns: true });
  let depth = 0;
  let parameter: { id: string; text: string } | undefined;
  let isOpen = false; // Only the text before the first child or comment counts.

  const collect = (text: string) => {
    if (isOpen && depth === 2 && parameter !== undefined) parameter.text += text;
  };
  parser.on('error', (error) => {
    throw new SlapError('SLAP_INVALID_DOCUMENT', `Parameter XML is not well-formed: ${error.message}`, {
      cause: error,
    });
  });
  parser.on('doctype', () => {
    throw new SlapError('SLAP_INVALID_DOCUMENT', 'Parameter XML with a DOCTYPE is refused.');
  });
  parser.on('opentag', (tag) => {
    depth += 1;
    isOpen = false;
    if (depth !== 2 || tag.name !== 'parameter') return;
    const id = tag.attributes['id'];
    if (id === undefined) return;
    parameter = { id: id.value, text: '' };
    isOpen = true;
  });
  parser.on('text', collect);
  parser.on('cdata', collect);
  parser.on('comment', () => (isOpen = false));
  parser.on('processinginstruction', () => (isOpen = false));
  parser.on('closetag', () => {
    if (depth === 2 && parameter !== undefined) {
      const known = result.get(parameter.id);
      const text = parameter.text;
      if (known === undefined || known === null) result.set(parameter.id, text === '' ? null : text);
      else result.set(parameter.id, `${known} ${text}`);
      parameter = undefined;
    }
    depth -= 1;
    isOpen = false;
  });
  const decoded = decodeXml(xml);
  if (!isXmlText(decoded)) {
    throw new SlapError('SLAP_INVALID_DOCUMENT', 'Parameter XML holds a character that XML cannot carry.');
  }
  parser.write(decoded).close();
  return result;
}
