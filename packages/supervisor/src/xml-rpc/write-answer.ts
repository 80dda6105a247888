import type { RpcValue } from './values.js';
import { writeValue } from './write-value.js';

/** The document that answers a call (spec: supervisor §9.2). */
export function writeAnswer(value: RpcValue): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n${writeValue(value)}</param>\n</params>\n</methodResponse>\n`;
}

/** The document that refuses a call. */
export function writeFault(faultCode: number, faultString: string): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<fault>\n${writeValue({ faultCode, faultString })}</fault>\n</methodResponse>\n`;
}
