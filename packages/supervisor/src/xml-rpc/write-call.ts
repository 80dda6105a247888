import type { RpcValue } from './values.js';
import { escapeText, writeValue } from './write-value.js';

/** The document of a call (spec: supervisor §9.2). */
export function writeCall(method: string, parameters: readonly RpcValue[]): string {
  const list = parameters.map((parameter) => `<param>\n${writeValue(parameter)}</param>\n`);
  return `<?xml version='1.0'?>\n<methodCall>\n<methodName>${escapeText(method)}</methodName>\n<params>\n${list.join('')}</params>\n</methodCall>\n`;
}
