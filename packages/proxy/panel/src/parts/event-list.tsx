import type { JSX } from 'preact';

import type { EventDocument } from '../../../src/events/event-text.js';
import { Empty, Time } from './parts.js';
import { releaseName } from './texts.js';

/** Events as a table, the newest first. */
export function EventList({ events }: { readonly events: readonly EventDocument[] }): JSX.Element {
  if (events.length === 0) return <Empty>Nothing has happened yet.</Empty>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">What</th>
            <th scope="col">About</th>
            <th scope="col">State</th>
            <th scope="col">Message</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.id}>
              <td class="narrow">
                <Time at={event.time} />
              </td>
              <td class="narrow">{event.kind}</td>
              <td class="narrow">{aboutOf(event)}</td>
              <td class="narrow">{event.state ?? ''}</td>
              <td class="message">{event.message ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function aboutOf({ instance, partition, softwareRelease, computer }: EventDocument): string {
  const place = partition ?? computer;
  const subject = instance ?? (softwareRelease === undefined ? undefined : releaseName(softwareRelease));
  return [subject, place].filter((part) => part !== undefined).join(' · ');
}
