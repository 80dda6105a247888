import type { RpcValue } from './values.js';

const MAX_INT = 2 ** 31 - 1;
/** What XML cannot hold is left out, as are halves of characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
const FORBIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A `<value>` element (spec: supervisor §9.2). Written by hand: answers of a thousand processes must be quick. */
export function writeValue(value: RpcValue): string {
  return `<value>${writeTyped(value)}</value>\n`;
}

function writeTyped(value: RpcValue): string {
  if (typeof value === 'string') return `<string>${escapeText(value)}</string>`;
  if (typeof value === 'boolean') return `<boolean>${value ? '1' : '0'}</boolean>`;
  if (typeof value === 'number')
    return `<int>${String(Math.max(-MAX_INT - 1, Math.min(MAX_INT, Math.trunc(value))))}</int>`;
  if (Array.isArray(value)) return `<array><data>\n${value.map(writeValue).join('')}</data></array>`;
  const members = Object.entries(value).map(
    ([name, member]) => `<member>\n<name>${escapeText(name)}</name>\n${writeValue(member)}</member>\n`,
  );
  return `<struct>\n${members.join('')}</struct>`;
}

/** Text as XML holds it. */
export function escapeText(text: string): string {
  return text
    .replaceAll(FORBIDDEN, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;');
}
