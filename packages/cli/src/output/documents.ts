import { Flags } from '@oclif/core';

/** Version of the documents that `--output json` prints: within one, keys are only added. */
const API_VERSION = 'slapos.cli/1';

/** `--output`: what is printed for people, or one JSON document for programs (spec: ux-ideas §1). */
export const outputFlag = Flags.option({
  description: 'text for people, or one JSON document',
  options: ['text', 'json'] as const,
  default: 'text',
  helpValue: 'text|json',
})();

/** A result as one JSON document. */
export function jsonDocument(kind: string, content: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ apiVersion: API_VERSION, kind, ...content });
}
