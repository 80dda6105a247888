import type { PassEvent, PassObserver } from '@slapos/grid';
import type { Progress, ProgressItem } from '../console/progress.js';

const FAILURES: ReadonlySet<string> = new Set(['failed', 'missing', 'promise-failed']);
const ESCAPES = /\u001b\[[0-9;]*[A-Za-z]/g;
const MILLISECONDS = 1000;

/** Tells several observers of each event. */
export function toAll(...observers: readonly PassObserver[]): PassObserver {
  return (event) => {
    for (const observer of observers) observer(event);
  };
}

/** Shows the events of a pass as the progress of what it works on (spec: ux-ideas §9). */
export function passProgress(progress: Progress): PassObserver {
  const working = new Set<string>();
  const set = (id: string, item: Partial<ProgressItem>): void => {
    if (item.state === 'running' && !working.has(id)) {
      working.add(id);
      progress.total(working.size);
    }
    if (working.has(id)) progress.set(id, item);
  };
  return (event) => {
    progress.event(event);
    show(event, set);
  };
}

function show(event: PassEvent, set: (id: string, item: Partial<ProgressItem>) => void): void {
  switch (event.type) {
    case 'software.started':
      set(event.software, { label: event.software, state: 'running', detail: event.action });
      break;
    case 'software.part':
      set(event.software, { detail: `building part ${String(event.index)} ${event.part}` });
      break;
    case 'software.output':
      set(event.software, { tail: event.line.replaceAll(ESCAPES, '') });
      break;
    case 'software.finished':
      set(event.software, ending(event));
      break;
    case 'partition.started':
      set(event.partition, { label: event.partition, state: 'running' });
      break;
    case 'partition.step':
      set(event.partition, { detail: event.step });
      break;
    case 'partition.output':
      set(event.partition, { tail: event.line.replaceAll(ESCAPES, '') });
      break;
    case 'partition.finished':
      set(event.partition, ending(event));
      break;
    default:
      break;
  }
}

function ending(event: {
  readonly outcome: string;
  readonly durationMs: number;
  readonly message?: string;
}): Partial<ProgressItem> {
  const { outcome, durationMs, message } = event;
  const why = message?.split('\n', 1)[0];
  return {
    state: FAILURES.has(outcome) ? 'failed' : 'ok',
    detail: `${why ?? outcome}  ${(durationMs / MILLISECONDS).toFixed(1)} s`,
    tail: undefined,
  };
}
