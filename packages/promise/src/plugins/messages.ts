import { z } from 'zod';

const MAX_PATH = 4096;
const MAX_TEXT = 5000;

const messageSchema = z.discriminatedUnion('event', [
  /** A job starts; all that follows up to its `end` is about it. */
  z.object({ event: z.literal('begin'), job: z.number().int().nonnegative() }),
  z.object({
    event: z.literal('loaded'),
    /** Minutes. */
    periodicity: z.number().positive(),
    isTested: z.boolean(),
    isAnomalyDetected: z.boolean(),
    moduleFile: z.string().max(MAX_PATH),
    /** Seconds since 1970-01-01 UTC. */
    moduleMtime: z.number(),
  }),
  /** A part of the message of the result: lines of the pipe are short. */
  z.object({ event: z.literal('text'), text: z.string().max(MAX_TEXT) }),
  z.object({
    event: z.literal('result'),
    type: z.enum(['Test Result', 'Anomaly Result', 'Empty Result']),
    failed: z.boolean(),
    hasMessage: z.boolean(),
    allowBang: z.boolean(),
  }),
  z.object({ event: z.literal('error'), message: z.string(), trace: z.string() }),
  z.object({ event: z.literal('end'), job: z.number().int().nonnegative() }),
]);

/** What a worker says about a job. (spec: promise 8) */
export type WorkerMessage = z.infer<typeof messageSchema>;

/** What is known of a promise before it does anything. */
export type LoadedMessage = Extract<WorkerMessage, { event: 'loaded' }>;

/** Reads one line of a worker; `undefined` when it is no message. */
export function parseWorkerMessage(line: string): WorkerMessage | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  const checked = messageSchema.safeParse(parsed);
  return checked.success ? checked.data : undefined;
}
