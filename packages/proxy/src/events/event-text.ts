import type { EventRecord } from '../store/records.js';

const MILLISECONDS_PER_SECOND = 1_000;

/** An event as clients read it: what does not apply is absent. */
export interface EventDocument {
  readonly id: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly kind: string;
  readonly computer?: string;
  readonly partition?: string;
  readonly instance?: string;
  /** Name of the root of its tree. */
  readonly tree?: string;
  readonly softwareRelease?: string;
  readonly state?: string;
  readonly message?: string;
}

export function eventDocument(event: EventRecord): EventDocument {
  const details = {
    computer: event.computerId,
    partition: event.partitionId,
    instance: event.instance,
    tree: event.root,
    softwareRelease: event.softwareReleaseUrl,
    state: event.state,
    message: event.message,
  };
  return {
    id: event.id,
    time: new Date(event.happenedAt * MILLISECONDS_PER_SECOND).toISOString(),
    kind: event.kind,
    ...Object.fromEntries(Object.entries(details).filter(([, text]) => text !== '')),
  };
}

/** An event in a stream of server-sent events; JSON has no line ends of its own. */
export function streamText(event: EventRecord): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(eventDocument(event))}\n\n`;
}
