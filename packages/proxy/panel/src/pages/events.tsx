import type { JSX } from 'preact';

import type { EventDocument } from '../../../src/events/event-text.js';
import { EventList } from '../parts/event-list.js';

/** What happened lately. */
export function EventsPage({ events }: { readonly events: readonly EventDocument[] }): JSX.Element {
  return (
    <>
      <h1>Events</h1>
      <EventList events={events} />
    </>
  );
}
