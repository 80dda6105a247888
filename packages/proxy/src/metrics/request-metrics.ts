import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** From reads that are known already to answers of other masters. */
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const MILLISECONDS_PER_SECOND = 1_000;
const KNOWN_VERBS = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);

/** What is counted about the requests of one proxy, in a registry of its own: several proxies in a process do not mix. */
export class RequestMetrics {
  readonly registry = new Registry();
  readonly #requests = new Counter({
    name: 'slapos_proxy_requests_total',
    help: 'Requests that were answered, by verb, route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [this.registry],
  });
  readonly #durations = new Histogram({
    name: 'slapos_proxy_request_duration_seconds',
    help: 'From the arrival of a request to its answer.',
    labelNames: ['route'] as const,
    buckets: DURATION_BUCKETS_SECONDS,
    registers: [this.registry],
  });
  readonly #inFlight = new Gauge({
    name: 'slapos_proxy_requests_in_flight',
    help: 'Requests that are being worked on.',
    registers: [this.registry],
  });

  begin(): void {
    this.#inFlight.inc();
  }

  /** @param route one of a bounded number of names, never what a client made up */
  end({ method, route, status, durationMs }: FinishedRequest): void {
    this.#inFlight.dec();
    this.#requests.inc({ method: KNOWN_VERBS.has(method) ? method : 'other', route, status });
    this.#durations.observe({ route }, durationMs / MILLISECONDS_PER_SECOND);
  }
}

/** A request and how it was answered. */
export interface FinishedRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}
