import { Gauge } from 'prom-client';

import type { ProxyContext } from '../context.js';
import type { RouteTable } from '../http/route-table.js';

/** How the proxy is: for supervisors (`/healthz`) and for Prometheus (`/metrics`). */
export function observationRoutes(routes: RouteTable, context: ProxyContext): void {
  const { store, metrics, runId, logger } = context;
  addStoreMetrics(context);

  routes.get('/healthz', async () => {
    try {
      await store.read((reader) => reader.setting('health'));
      return health(200, { status: 'ok', runId });
    } catch (error) {
      logger.error('The database cannot be read', { error });
      return health(503, { status: 'the database cannot be read', runId });
    }
  });

  routes.get(
    '/metrics',
    async () =>
      new Response(await metrics.registry.metrics(), { headers: { 'content-type': metrics.registry.contentType } }),
  );
}

function health(status: number, body: Readonly<Record<string, string>>): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });
}

/** Asked from the database when they are asked for. */
function addStoreMetrics({ store, events, metrics: { registry } }: ProxyContext): void {
  const registers = [registry];
  new Gauge({
    name: 'slapos_proxy_partitions',
    help: 'Partitions by computer, and whether they are free or busy.',
    labelNames: ['computer', 'state'] as const,
    registers,
    async collect() {
      this.reset();
      for (const { computerId, slapState, count } of await store.read((reader) => reader.partitionCounts())) {
        this.set({ computer: computerId, state: slapState }, count);
      }
    },
  });
  new Gauge({
    name: 'slapos_proxy_last_event_id',
    help: 'Number of the newest event.',
    registers,
    async collect() {
      this.set((await store.read((reader) => reader.eventRange()))?.newest ?? 0);
    },
  });
  new Gauge({
    name: 'slapos_proxy_event_followers',
    help: 'Clients that follow the events.',
    registers,
    collect() {
      this.set(events.followers);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
}
