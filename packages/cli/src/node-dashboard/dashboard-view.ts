import type { Logger } from '@slapos/host';
import { marksFor, shouldColour } from '../console/terminal.js';
import { invocation } from '../base/invocation.js';
import { documentOf, fingerprintOf } from '../node/node-status.js';
import type { StatusLook, StatusView } from '../node/status-view.js';
import { type OutputFlagValues, outputFormat } from '../output/output-flags.js';
import { renderList } from '../output/render-result.js';
import type { Dashboard, PartitionState } from './dashboard.js';
import { type DashboardQuery, readDashboard } from './read-dashboard.js';
import { renderDashboard } from './render-dashboard.js';

/** What a look at the dashboard found. */
export interface DashboardLook extends StatusLook {
  readonly dashboard: Dashboard;
}

/** Asks the master whether it answers. */
export type AskMaster = () => Promise<Dashboard['master']>;

/** One row for each partition. */
export function dashboardView(
  look: () => Promise<StatusLook>,
  query: DashboardQuery,
  flags: OutputFlagValues,
  { logger, askMaster }: { readonly logger: Logger; readonly askMaster: AskMaster | undefined },
): StatusView<DashboardLook> {
  return {
    look: async () => {
      const status = await look();
      const [read, master] = await Promise.all([readDashboard(query, status, logger), askMaster?.()]);
      return { ...status, dashboard: { ...read, master } };
    },
    render: async ({ dashboard, supervisor }) => {
      const format = outputFormat(flags);
      if (format === 'json' || format === 'yaml') return renderDocument(dashboard, supervisor, flags);
      return renderDashboard(dashboard, {
        marks: marksFor(process.env),
        colour: shouldColour(invocation().colour, process.stdout, process.env),
        nowMs: Date.now(),
      });
    },
    fingerprint: ({ dashboard: { partitions, releases, master, pass }, ...status }) =>
      JSON.stringify([
        fingerprintOf({ ...status, services: [] }),
        partitions.map(({ services, ...facts }) => [facts, services?.running, services?.all, services?.failed.length]),
        releases,
        master?.isWell,
        pass?.finished,
      ]),
  };
}

function renderDocument(
  { computerId, master, diskUsed, load, pass, partitions, releases }: Dashboard,
  supervisor: string,
  flags: OutputFlagValues,
): Promise<string> {
  return renderList<PartitionState>(
    {
      kind: 'NodeDashboard',
      items: partitions,
      columns: [],
      text: () => '',
      document: ({ services, instance, type, lastRun, ...facts }) => ({
        ...facts,
        instance: instance ?? null,
        type: type ?? null,
        services:
          services === undefined ? null : { ...services, failed: services.failed.map((info) => documentOf(info)) },
        lastRun: lastRun ?? null,
      }),
      about: {
        supervisor,
        computerId: computerId ?? null,
        master: master ?? null,
        diskUsed,
        load,
        pass: pass ?? null,
        releases,
      },
    },
    flags,
  );
}
