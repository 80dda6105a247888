import dns from 'node:dns';
import { type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';

import type { AllowedTargets } from './allowed-targets.js';

/** How long the target may say nothing (spec: proxy §9). */
const SILENCE_MS = 5_000;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** The target may not be asked: nothing was sent to it. */
export class TargetRefused extends Error {}

/** The target said nothing for too long. */
export class TargetSilent extends Error {}

/** What is asked of a target. */
export interface Question {
  readonly url: URL;
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Readable | undefined;
  readonly signal: AbortSignal;
}

/**
 * Asks a target once, and gives its answer as soon as the headers are there.
 *
 * Its certificate is not verified: pages of instances seldom have one that could be. Its address is looked at after the name was
 * resolved, in the very lookup that the connection is made with, so that no second answer of a name server can lead elsewhere.
 * @throws TargetRefused, TargetSilent; errors of the network with their code
 */
export function askTarget(
  { url, method, headers, body, signal }: Question,
  allowed: AllowedTargets,
): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port);
  if (!allowed.allowsHost(host, port)) throw new TargetRefused(`${url.host} is none of the hosts that may be asked`);
  if (isIP(host) !== 0 && !allowed.allowsAddress(host)) throw new TargetRefused(`${host} is a private address`);
  const ask = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = ask(
      {
        host,
        port,
        method,
        path: `${url.pathname}${url.search}`,
        headers,
        signal,
        agent: false,
        rejectUnauthorized: false,
        lookup: checkedLookup(allowed),
        timeout: SILENCE_MS,
      },
      (answer) => {
        answer.setTimeout(SILENCE_MS, () => answer.destroy(new TargetSilent(`${url.host} stopped answering`)));
        resolve(answer);
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new TargetSilent(`${url.host} does not answer`)));
    outgoing.once('error', reject);
    if (body === undefined) outgoing.end();
    else body.once('error', (error) => outgoing.destroy(error)).pipe(outgoing);
  });
}

/** Resolves a name to those of its addresses that may be reached. */
function checkedLookup(allowed: AllowedTargets): LookupFunction {
  return (host, options, callback) => {
    dns.lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const reachable = addresses.filter(({ address }) => allowed.allowsAddress(address));
      const [first] = reachable;
      if (first === undefined) callback(new TargetRefused(`${host} has only private addresses`), '', 0);
      else if (options.all === true) callback(null, reachable);
      else callback(null, first.address, first.family);
    });
  };
}
