import type { PanelInstance, PanelSoftware } from '../../../src/panel/panel-documents.js';

/** How something is: a word that people read, and a mood that the style sheet knows. */
export interface Condition {
  readonly text: string;
  readonly mood: 'good' | 'bad' | 'waiting' | 'still' | 'plain';
}

/** How an instance is: what is wanted of it, and what its node said last. */
export function conditionOf({ requestedState, report, isShared }: PanelInstance): Condition {
  if (isShared) return { text: 'shared', mood: 'plain' };
  if (requestedState === 'destroyed') return { text: 'being destroyed', mood: 'waiting' };
  if (report?.kind === 'error') return { text: 'failing', mood: 'bad' };
  if (report?.kind === requestedState)
    return { text: requestedState, mood: requestedState === 'started' ? 'good' : 'still' };
  return { text: requestedState === 'stopped' ? 'stopping' : 'starting', mood: 'waiting' };
}

/** How a Software Release is on a computer. */
export function conditionOfSoftware({ requestedState, report }: PanelSoftware): Condition {
  if (requestedState === 'destroyed') return { text: 'being removed', mood: 'waiting' };
  switch (report?.kind) {
    case 'available':
      return { text: 'available', mood: 'good' };
    case 'building':
      return { text: 'building', mood: 'waiting' };
    case 'error':
      return { text: 'failing', mood: 'bad' };
    default:
      return { text: 'not built yet', mood: 'waiting' };
  }
}

/** A short name of a release: the folder of its profile, or the name of the profile when that is not the usual one. */
export function releaseName(url: string): string {
  const parts = url
    .replace(/[?#].*$/, '')
    .split('/')
    .filter((part) => part !== '');
  const file = parts.at(-1) ?? url;
  const folder = parts.at(-2);
  return file === 'software.cfg' && folder !== undefined ? folder : file;
}

/** A time as people read it here; with its date when that is not today's. */
export function timeText(iso: string): string {
  const time = new Date(iso);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString() : time.toLocaleString();
}

/** `1 instance`, `2 instances`. */
export function countText(count: number, noun: string): string {
  return `${count.toLocaleString()} ${noun}${count === 1 ? '' : 's'}`;
}

/** A problem in words. */
export function problemText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Parameters out of `_`, in which many releases take all of them as JSON. */
export function unpackParameters(parameters: Readonly<Record<string, unknown>>): {
  readonly values: Readonly<Record<string, unknown>>;
  readonly isPacked: boolean;
} {
  const { _: packed } = parameters;
  if (typeof packed === 'string' && Object.keys(parameters).length === 1) {
    try {
      const values: unknown = JSON.parse(packed);
      if (isRecord(values)) return { values, isPacked: true };
    } catch {
      // It is shown as the text that it is.
    }
  }
  return { values: parameters, isPacked: false };
}

/** Whether a value is an object with names. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
