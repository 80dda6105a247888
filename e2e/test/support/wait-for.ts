import { setTimeout as pause } from 'node:timers/promises';

const INTERVAL_MS = 25;
const DEFAULT_TIMEOUT_MS = 30_000;

/** Waits until the condition holds. */
export async function waitFor(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    await pause(INTERVAL_MS);
  }
}
