/** Version of the documents that `--output json` prints: within one, keys are only added. */
export const API_VERSION = 'slapos.cli/1';

/** A result as one JSON document, for commands that have no other form of it. */
export function jsonDocument(kind: string, content: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ apiVersion: API_VERSION, kind, ...content });
}
