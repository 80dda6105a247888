import { z } from 'zod';

import { PythonFloat, writePythonJson } from './python-json.js';

/** Longer messages keep their end. */
const MAX_MESSAGE_LENGTH = 5000;

/** Which question a result answers. */
export type PromiseResultType = 'Test Result' | 'Anomaly Result';

/** What one run of a promise said. (spec: promise 5.1) */
export interface PromiseResult {
  /** The name of its file. */
  readonly name: string;
  /** The name without its last extension. */
  readonly title: string;
  readonly path: string;
  readonly type: PromiseResultType;
  readonly failed: boolean;
  readonly message: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly date: number;
  readonly executionSeconds: number;
}

const schema = z.object({
  title: z.string(),
  name: z.string(),
  path: z.string(),
  'execution-time': z.number().default(0),
  result: z.object({
    type: z.enum(['Test Result', 'Anomaly Result']),
    failed: z.boolean(),
    date: z.string(),
    message: z.string().nullable(),
  }),
});

/** Cuts a message to the length that results keep. */
export function limitMessage(message: string): string {
  return message.length > MAX_MESSAGE_LENGTH ? `...${message.slice(-MAX_MESSAGE_LENGTH)}` : message;
}

/** A time as results have it: UTC, to the second. */
export function formatResultDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, '+0000');
}

/** The content of `TITLE.status.json`. */
export function writeResult(result: PromiseResult): string {
  const { title, name, path, type, failed, message } = result;
  const date = formatResultDate(result.date);
  return writePythonJson({
    title,
    name,
    path,
    'execution-time': new PythonFloat(result.executionSeconds),
    result: { type, failed, date, message },
  });
}

/** Reads `TITLE.status.json`; `undefined` when it is not one. */
export function readResult(text: string): PromiseResult | undefined {
  const parsed = parseJson(text);
  const checked = schema.safeParse(parsed);
  if (!checked.success) return undefined;
  const { title, name, path, result } = checked.data;
  const date = Date.parse(result.date.replace(/\+0000$/, 'Z'));
  return {
    title,
    name,
    path,
    type: result.type,
    failed: result.failed,
    message: result.message ?? '',
    date: Number.isNaN(date) ? 0 : date,
    executionSeconds: checked.data['execution-time'],
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
