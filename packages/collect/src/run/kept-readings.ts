import type { UntrustedDirectory } from '@slapos/host';
import { z } from 'zod';

import type { ProcessorTicks } from '../snapshot/proc-text.js';
import type { EarlierTicks } from '../snapshot/processes.js';

const FILE_NAME = 'collector.state.json';
const FILE_MODE = 0o600;
const MAX_BYTES = 64 * 1024 * 1024;
/** Over less, one tick is too much of it. */
const MIN_AGE_S = 1;
/** Over more, an average says nothing about now. */
const MAX_AGE_S = 3600;

const schema = z.object({
  version: z.literal(1),
  bootId: z.string(),
  uptimeSeconds: z.number(),
  processor: z.object({ total: z.number(), idle: z.number() }),
  ticks: z.record(z.string(), z.number()),
  folders: z.record(z.string(), z.number()),
});

/** What a run keeps for the next one, so that no run has to wait for a second reading. */
export interface KeptReadings {
  readonly bootId: string;
  readonly processor: ProcessorTicks;
  readonly processes: EarlierTicks;
  /** When the folder of each user was measured: seconds since 1970. Small sizes are in no table. */
  readonly folders: Readonly<Record<string, number>>;
}

/** What the run before left; `undefined` when there is nothing of use. */
export async function readKept(folder: UntrustedDirectory): Promise<KeptReadings | undefined> {
  const text = await folder.readText(FILE_NAME, { maxBytes: MAX_BYTES });
  if (text === undefined) return undefined;
  try {
    const { bootId, uptimeSeconds, processor, ticks, folders } = schema.parse(JSON.parse(text));
    return { bootId, processor, processes: { uptimeSeconds, ticks: new Map(Object.entries(ticks)) }, folders };
  } catch {
    // Only figures of one minute depend on it: they are taken otherwise.
    return undefined;
  }
}

export async function writeKept(folder: UntrustedDirectory, kept: KeptReadings): Promise<void> {
  const content = {
    version: 1,
    bootId: kept.bootId,
    uptimeSeconds: kept.processes.uptimeSeconds,
    processor: kept.processor,
    ticks: Object.fromEntries(kept.processes.ticks),
    folders: kept.folders,
  } satisfies z.input<typeof schema>;
  await folder.writeAtomic(FILE_NAME, JSON.stringify(content), { mode: FILE_MODE, durable: false });
}

/** Whether a difference to these readings says something about now: same boot, between a second and an hour ago. */
export function isUsable(
  kept: KeptReadings | undefined,
  now: { readonly bootId: string; readonly uptimeSeconds: number },
): kept is KeptReadings {
  if (kept?.bootId !== now.bootId) return false;
  const age = now.uptimeSeconds - kept.processes.uptimeSeconds;
  return age >= MIN_AGE_S && age <= MAX_AGE_S;
}
