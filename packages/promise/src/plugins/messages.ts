import { z } from 'zod';

const MAX_PATH = 4096;

const messageSchema = z.discriminatedUnion('event', [
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
  z.object({
    event: z.literal('result'),
    type: z.enum(['Test Result', 'Anomaly Result', 'Empty Result']),
    failed: z.boolean(),
    message: z.string().nullable(),
    allowBang: z.boolean(),
  }),
  z.object({ event: z.literal('error'), message: z.string(), trace: z.string() }),
]);

/** What a runner says about a plug-in. (spec: promise 8) */
export type RunnerMessage = z.infer<typeof messageSchema>;

/** Reads one line of a runner; `undefined` when it is no message. */
export function parseRunnerMessage(line: string): RunnerMessage | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  const checked = messageSchema.safeParse(parsed);
  return checked.success ? checked.data : undefined;
}
