import type { RpcValue } from './values.js';

const MAX_INT = 2 ** 31 - 1;
/** What XML cannot hold is left out, as are halves of characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
const FORBIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The document that answers a call (spec: supervisor §9.2). Written by hand: answers of a thousand processes must be quick. */
export function writeAnswer(value: RpcValue): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n${writeValue(value)}</param>\n</params>\n</methodResponse>\n`;
}

/** The document that refuses a call. */
export function writeFault(faultCode: number, faultString: string): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<fault>\n${writeValue({ faultCode, faultString })}</fault>\n</methodResponse>\n`;
}

function writeValue(value: RpcValue): string {
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

function escapeText(text: string): string {
  return text
    .replaceAll(FORBIDDEN, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;');
}
