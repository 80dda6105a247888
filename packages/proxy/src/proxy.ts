import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';

import { SlapClient, silentLogger } from '@slapos/slap';
import { z } from 'zod';

import { AccessGate } from './access/gate.js';
import type { Peer } from './access/principal.js';
import { TimestampSource } from './allocation/timestamps.js';
import { answerError, createApp } from './app.js';
import { Authority, type CertificatePair } from './certificates/authority.js';
import { checkOptions } from './configuration/check-options.js';
import { type ProxyOptions, resolveProxyOptions } from './configuration/proxy-options.js';
import type { ProxyContext } from './context.js';
import { ComputerInformation } from './documents/computer-information.js';
import { type Fault, FaultInjector } from './embedding/faults.js';
import { type Seed, seedProxy } from './embedding/seed.js';
import { EventFeed } from './events/event-feed.js';
import { ProxyError } from './errors.js';
import { Forwarding } from './forwarding/forwarding.js';
import { errorPage } from './http/html-pages.js';
import { guardRequest } from './http/request-guard.js';
import { BodyReader } from './http/body.js';
import { clientAddress } from './http/client-address.js';
import { requestIdOf, withRequestId } from './http/request-id.js';
import {
  type ListenAddress,
  listenAddressSchema,
  type RunningServer,
  startServer,
  type TlsIdentity,
} from './http/server.js';
import { RequestMetrics } from './metrics/request-metrics.js';
import { SharedCache } from './shared-cache/shared-cache.js';
import type { ProxyStore } from './store/proxy-store.js';
import { openStore } from './store/open-store.js';

const RUN_ID_LENGTH = 32;
const RUN_ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** What is logged instead of a status when the connection was closed on purpose. */
const DROPPED = 0;
const CLOSE_GRACE_MS = 5_000;
/** Whoever has the object has everything. */
const IN_PROCESS: Peer = { isOpen: true };
/** Addresses to listen on everywhere; nobody can call them. */
const UNSPECIFIED = new Set(['0.0.0.0', '::']);
const LOOPBACK = /^(?:127\.|localhost$|::1$)/;

/** A mini-master. It serves while it is open; closing it ends its servers and closes its database. */
export interface Proxy extends AsyncDisposable {
  /** New for each proxy object; `getRunId` answers it. */
  readonly runId: string;
  /** Answers a request in process, without a port. Rejects only when a fault was injected that drops connections. */
  fetch(request: Request): Promise<Response>;
  /**
   * Serves over HTTP as well; can be called several times.
   * @throws ProxyError `PROXY_INVALID_OPTIONS`, `PROXY_LISTEN_FAILED`, `PROXY_CLOSED`.
   */
  listen(address: ListenAddress): Promise<{ readonly url: string; readonly port: number }>;
  /**
   * A SLAP client of this proxy, over a loopback port that is opened for it. Dispose of it when it is no longer needed.
   * @throws ProxyError `PROXY_LISTEN_FAILED`, `PROXY_CLOSED`.
   */
  client(): Promise<SlapClient>;
  /**
   * Formats computers, supplies releases, requests instances, as clients would; all of it or nothing.
   * @throws ProxyError `PROXY_INVALID_OPTIONS`, `PROXY_NO_FREE_PARTITION`, `PROXY_CLOSED`.
   */
  seed(seed: Seed): Promise<void>;
  /**
   * The whole content of the database.
   * @throws ProxyError `PROXY_CLOSED`.
   */
  snapshot(): Promise<Uint8Array>;
  /**
   * Puts back the content of a snapshot, or of the file of another proxy; runs as one transaction.
   * @throws ProxyError `PROXY_DATABASE_UNREADABLE` when it is neither, `PROXY_DATABASE_TOO_NEW`, `PROXY_CLOSED`.
   */
  restore(snapshot: Uint8Array): Promise<void>;
  /**
   * Makes calls fail, to test how clients cope; disposing of the result ends it.
   * @throws ProxyError `PROXY_INVALID_OPTIONS`.
   */
  injectFault(fault: Fault): Disposable;
  /** The certificate of the proxy's own authority, PEM: what the certificates that it issues are verified with. */
  authorityCertificate(): Promise<string>;
  /** The token of the user: who sends it (`Authorization: Bearer TOKEN`) to a restricted address may do everything. */
  userToken(): Promise<string>;
  /** A client certificate, with its key, of a user of that name: who shows it to a restricted address may do everything. */
  userCertificate(name: string): Promise<CertificatePair>;
  /** Lets running requests end, commits, closes the database. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a mini-master: opens its database, migrating that of an older proxy.
 * @throws ProxyError `PROXY_INVALID_OPTIONS`, `PROXY_DATABASE_FAILED`, `PROXY_DATABASE_UNREADABLE`, `PROXY_DATABASE_TOO_NEW`.
 */
export async function createProxy(options: ProxyOptions = {}): Promise<Proxy> {
  const resolved = resolveProxyOptions(options);
  const { clock = Date.now, logger = silentLogger } = options;
  checkOptions(z.number(), clock(), 'The clock does not give the milliseconds since 1970, as Date.now does');
  const store = await openStore(resolved.databasePath, {
    computerId: resolved.computerId,
    localSoftwareReleaseRoot: resolved.localSoftwareReleaseRoot,
    durable: resolved.durable,
    now: () => new Date(clock()),
    logger,
  });
  return new MiniMaster(makeContext(store, resolved, clock, logger));
}

function makeContext(
  store: ProxyStore,
  options: ProxyContext['options'],
  clock: () => number,
  logger: ProxyContext['logger'],
): ProxyContext {
  const timestamps = new TimestampSource(clock);
  const runId = Array.from({ length: RUN_ID_LENGTH }, () => RUN_ID_ALPHABET[randomInt(RUN_ID_ALPHABET.length)]).join(
    '',
  );
  return {
    options,
    store,
    timestamps,
    allocation: { defaultComputerId: options.computerId, timestamps },
    computerInformation: new ComputerInformation(store, options.computerId, runId),
    forwarding: new Forwarding({ store, options, runId, logger }),
    events: new EventFeed(store),
    metrics: new RequestMetrics(),
    bodies: new BodyReader(options.limits),
    sharedCache: options.sharedCache === undefined ? undefined : new SharedCache(options.sharedCache, logger),
    authority: new Authority(store, timestamps),
    runId,
    logger,
  };
}

class MiniMaster implements Proxy {
  readonly #context: ProxyContext;
  readonly #app: ReturnType<typeof createApp>;
  readonly #gate: AccessGate;
  readonly #allowedHosts: Set<string>;
  readonly #servers: RunningServer[] = [];
  readonly #faults = new FaultInjector();
  #clientUrl: Promise<string> | undefined;
  #closing: Promise<void> | undefined;

  constructor(context: ProxyContext) {
    this.#context = context;
    this.#app = createApp(context);
    this.#gate = new AccessGate(context);
    const machine = hostname().toLowerCase();
    const ownNames = [machine, machine.split('.')[0] ?? machine];
    this.#allowedHosts = new Set([...context.options.allowedHosts.map((host) => host.toLowerCase()), ...ownNames]);
  }

  get runId(): string {
    return this.#context.runId;
  }

  async fetch(request: Request): Promise<Response> {
    return this.#serve(request, IN_PROCESS, () => {
      throw new TypeError('fetch failed', { cause: new Error('the connection was dropped on purpose') });
    });
  }

  /** `drop` ends the connection of the request, as far as there is one. */
  async #serve(request: Request, peer: Peer, drop: () => Response): Promise<Response> {
    const startedAt = performance.now();
    const { logger, metrics, options } = this.#context;
    const requestId = requestIdOf(request, options);
    metrics.begin();
    let status = DROPPED;
    try {
      const outcome = await this.#faults.meet(new URL(request.url).pathname);
      if (outcome.action === 'drop') return drop();
      const response =
        outcome.action === 'answer'
          ? errorPage(outcome.status, 'This failure was asked for.')
          : await this.#answer(request, peer);
      status = response.status;
      return withRequestId(response, requestId);
    } finally {
      const durationMs = performance.now() - startedAt;
      const { method, url } = request;
      metrics.end({ method, route: this.#app.routeOf(request), status, durationMs });
      const client = clientAddress(request, options) ?? peer.address;
      const from = client === undefined ? {} : { client };
      logger.info('Request', { method, url, status, durationMs: Math.round(durationMs), ...from, requestId });
    }
  }

  async listen(address: ListenAddress): Promise<{ readonly url: string; readonly port: number }> {
    if (this.#closing !== undefined)
      throw new ProxyError('PROXY_CLOSED', 'The proxy is closed', { hint: 'Make a new one.' });
    checkOptions(listenAddressSchema, address, 'The address to listen on is wrong');
    const { options, logger } = this.#context;
    const isLocal = !('host' in address) || LOOPBACK.test(address.host);
    const isOpen = (address.access ?? (isLocal ? 'open' : 'restricted')) === 'open';
    if ('host' in address) this.#allowedHosts.add(address.host.toLowerCase());
    if (isOpen && !isLocal) {
      logger.warn('Everybody who reaches this address can do everything: nobody is asked who he is', {
        host: address.host,
      });
    }
    if (!isOpen && address.tls === undefined && !isLocal) {
      logger.warn('Tokens and what is asked are readable on the way: serve TLS, or put a front end before this', {
        host: address.host,
      });
    }
    const names = 'host' in address ? [address.host, ...(address.tls?.names ?? [])] : (address.tls?.names ?? []);
    const tls = address.tls === undefined ? {} : { tls: await this.#tlsIdentity(names) };
    const server = await startServer(
      (request, { drop, ...caller }) => this.#serve(request, { isOpen, ...caller }, drop),
      address,
      { limits: options.limits, logger, ...tls },
    );
    this.#servers.push(server);
    return { url: server.url, port: server.port };
  }

  async client(): Promise<SlapClient> {
    this.#clientUrl ??= this.listen({ host: '127.0.0.1', port: 0 }).then(({ url }) => url);
    return new SlapClient({ masterUrl: await this.#clientUrl, logger: this.#context.logger });
  }

  seed(seed: Seed): Promise<void> {
    return seedProxy(seed, this.#context);
  }

  snapshot(): Promise<Uint8Array> {
    return this.#context.store.snapshot();
  }

  restore(snapshot: Uint8Array): Promise<void> {
    return this.#context.store.restore(snapshot);
  }

  injectFault(fault: Fault): Disposable {
    return this.#faults.add(fault);
  }

  authorityCertificate(): Promise<string> {
    return this.#context.authority.certificate();
  }

  userToken(): Promise<string> {
    return this.#gate.userToken();
  }

  userCertificate(name: string): Promise<CertificatePair> {
    return this.#context.authority.forUser(name);
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #answer(request: Request, peer: Peer): Promise<Response> {
    try {
      guardRequest(request, this.#allowedHosts);
      const admitted = await this.#gate.admit(request, peer);
      return await this.#app.fetch(admitted.request, admitted.principal);
    } catch (error) {
      return answerError(error, request, this.#context);
    }
  }

  async #tlsIdentity(names: readonly string[]): Promise<TlsIdentity> {
    const { authority } = this.#context;
    for (const name of names) this.#allowedHosts.add(name.toLowerCase());
    const usable = names.filter((name) => !UNSPECIFIED.has(name));
    const own = [...new Set([...usable, hostname(), 'localhost', '127.0.0.1', '::1'])];
    return { ...(await authority.forServer(own)), authority: await authority.certificate() };
  }

  async #closeAll(): Promise<void> {
    // Followers of the log would keep their connections open.
    this.#context.events[Symbol.dispose]();
    await Promise.all(this.#servers.map((server) => server.close(CLOSE_GRACE_MS)));
    await this.#context.store.close();
  }
}
