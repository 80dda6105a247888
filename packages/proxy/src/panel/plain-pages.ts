import { html } from 'hono/html';

import type { EventDocument } from '../events/event-text.js';
import type { PanelComputer, PanelInstance, PanelOverview, PanelReport } from './panel-documents.js';

/** What `html` gives: text in which everything that was put in is escaped. */
type Html = ReturnType<typeof html>;

/** Lists that are longer go on on the next page. */
const INSTANCES_PER_PAGE = 500;

/** One instance with all that is known about it. */
export interface PlainInstance {
  readonly instance: PanelInstance;
  /** Names and values, in the order in which they were published. */
  readonly published: readonly (readonly [name: string, value: string])[];
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** The newest first. */
  readonly reports: readonly PanelReport[];
}

/** Everything at a glance, for browsers without JavaScript (spec: ux-ideas §21). */
export function overviewPage(
  { computers, instances }: PanelOverview,
  events: readonly EventDocument[],
  page: number,
): Html {
  const pages = Math.max(1, Math.ceil(instances.length / INSTANCES_PER_PAGE));
  const current = Math.min(Math.max(page, 1), pages);
  const shown = inTrees(instances).slice((current - 1) * INSTANCES_PER_PAGE, current * INSTANCES_PER_PAGE);
  return document(
    'SlapOS',
    html`<h1>SlapOS</h1>
      <h2>Instances</h2>
      ${shown.length === 0 ? html`<p>There are no instances.</p>` : instanceTable(shown)}
      ${pages === 1 ? '' : pageLinks(current, pages)}
      <h2>Software</h2>
      ${softwareTable(computers)}
      <h2>Computers</h2>
      ${computerTable(computers)}
      <h2>Events</h2>
      ${eventTable(events)}`,
  );
}

/** One instance, for browsers without JavaScript. */
export function instancePage({ instance, published, parameters, reports }: PlainInstance): Html {
  const rows: (readonly [string, string])[] = [
    ['Tree', instance.tree],
    ['Wanted', instance.requestedState],
    ['Computer', instance.computerId],
    ['Partition', instance.partitionId],
    ['Software Release', instance.softwareReleaseUrl],
    ['Type', instance.softwareType],
  ];
  return document(
    instance.title,
    html`<p><a href="../plain">All instances</a></p>
      <h1>${instance.title}</h1>
      ${valueTable(rows)}
      <h2>Published</h2>
      ${published.length === 0 ? html`<p>It has published nothing yet.</p>` : valueTable(published)}
      <h2>Parameters</h2>
      ${parameters.length === 0 ? html`<p>It has none.</p>` : valueTable(parameters)}
      <h2>What its node said</h2>
      ${
        reports.length === 0
          ? html`<p>Nothing yet.</p>`
          : html`<table>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">What</th>
              <th scope="col">Message</th>
            </tr>
            ${reports.map(
              ({ time, kind, message }) =>
                html`<tr>
                  <td>${time}</td>
                  <td>${kind}</td>
                  <td><pre>${message}</pre></td>
                </tr>`,
            )}
          </table>`
      }`,
  );
}

/** Each root with what belongs to it behind it. */
function inTrees(instances: readonly PanelInstance[]): PanelInstance[] {
  const trees = new Map<string, PanelInstance[]>();
  for (const instance of instances) {
    const tree = trees.get(instance.tree) ?? [];
    if (instance.isRoot) tree.unshift(instance);
    else tree.push(instance);
    trees.set(instance.tree, tree);
  }
  return [...trees.values()].flat();
}

function instanceTable(instances: readonly PanelInstance[]): Html {
  return html`<table>
    <tr>
      <th scope="col">Instance</th>
      <th scope="col">Wanted</th>
      <th scope="col">Its node said</th>
      <th scope="col">Partition</th>
      <th scope="col">Computer</th>
      <th scope="col">Software Release</th>
    </tr>
    ${instances.map((instance) => {
      const { title, isRoot, isShared, requestedState, report, partitionId, computerId, softwareReleaseUrl } = instance;
      const query = new URLSearchParams({ computer_id: computerId, computer_partition_id: partitionId });
      const name = isShared ? html`${title} (shared)` : html`<a href="plain/instance?${query.toString()}">${title}</a>`;
      return html`<tr>
        <td>${isRoot ? '' : '└ '}${name}</td>
        <td>${requestedState}</td>
        <td>${report === undefined ? '' : `${report.kind} ${report.message}`}</td>
        <td>${partitionId}</td>
        <td>${computerId}</td>
        <td>${softwareReleaseUrl}</td>
      </tr>`;
    })}
  </table>`;
}

function pageLinks(current: number, pages: number): Html {
  return html`<p>
    ${current > 1 ? html`<a href="?page=${current - 1}">Previous</a>` : ''} Page ${current} of ${pages}
    ${current < pages ? html`<a href="?page=${current + 1}">Next</a>` : ''}
  </p>`;
}

function softwareTable(computers: readonly PanelComputer[]): Html {
  const rows = computers.flatMap(({ computerId, software }) => software.map((release) => ({ computerId, ...release })));
  if (rows.length === 0) return html`<p>No computer is supplied with anything.</p>`;
  return html`<table>
    <tr>
      <th scope="col">Software Release</th>
      <th scope="col">Computer</th>
      <th scope="col">Wanted</th>
      <th scope="col">Its node said</th>
    </tr>
    ${rows.map(
      ({ url, computerId, requestedState, report }) =>
        html`<tr>
          <td>${url}</td>
          <td>${computerId}</td>
          <td>${requestedState}</td>
          <td>${report === undefined ? '' : `${report.kind} ${report.message}`}</td>
        </tr>`,
    )}
  </table>`;
}

function computerTable(computers: readonly PanelComputer[]): Html {
  if (computers.length === 0) return html`<p>There are no computers.</p>`;
  return html`<table>
    <tr>
      <th scope="col">Computer</th>
      <th scope="col">Partitions in use</th>
      <th scope="col">Free</th>
    </tr>
    ${computers.map(
      ({ computerId, partitions }) =>
        html`<tr>
          <td>${computerId}</td>
          <td>${partitions.busy}</td>
          <td>${partitions.free}</td>
        </tr>`,
    )}
  </table>`;
}

function eventTable(events: readonly EventDocument[]): Html {
  if (events.length === 0) return html`<p>Nothing happened lately.</p>`;
  return html`<table>
    <tr>
      <th scope="col">Time</th>
      <th scope="col">What</th>
      <th scope="col">About</th>
      <th scope="col">State</th>
      <th scope="col">Message</th>
    </tr>
    ${events.toReversed().map(
      ({ time, kind, instance, softwareRelease, computer, partition, state, message }) =>
        html`<tr>
          <td>${time}</td>
          <td>${kind}</td>
          <td>${[instance ?? softwareRelease, computer, partition].filter((part) => part !== undefined).join(' ')}</td>
          <td>${state ?? ''}</td>
          <td>${message ?? ''}</td>
        </tr>`,
    )}
  </table>`;
}

function valueTable(rows: readonly (readonly [name: string, value: string])[]): Html {
  return html`<table>
    ${rows.map(
      ([name, value]) =>
        html`<tr>
          <th scope="row">${name}</th>
          <td>${value}</td>
        </tr>`,
    )}
  </table>`;
}

function document(title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
      </head>
      <body>
        ${content}
      </body>
    </html>`;
}
