import { ProxyError } from '../errors.js';

const WRITING_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const IP_ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/i;
const ALWAYS_ALLOWED = new Set(['localhost', 'localhost.localdomain']);
const ANY_HOST = '*';

/**
 * Refuses what only a web page in somebody's browser would send: a host name that is none of ours (DNS rebinding), and
 * writing calls that come from another site (spec: security S22). Addresses are always allowed: a page cannot rebind those.
 * @throws ProxyError `PROXY_FORBIDDEN`.
 */
export function guardRequest(request: Request, allowedHosts: ReadonlySet<string>): void {
  const host = request.headers.get('host');
  if (host !== null && !isAllowedHost(hostName(host), allowedHosts)) {
    throw new ProxyError('PROXY_FORBIDDEN', `This server does not answer for the host ${JSON.stringify(host)}`, {
      hint: 'Add the name to allowed_hosts of the proxy if clients use it.',
    });
  }
  if (!WRITING_METHODS.has(request.method)) return;
  const origin = request.headers.get('origin');
  const site = request.headers.get('sec-fetch-site');
  const isForeign = origin !== null && originHost(origin) !== (host ?? new URL(request.url).host);
  if (isForeign || site === 'cross-site' || site === 'same-site') {
    throw new ProxyError('PROXY_FORBIDDEN', 'Web pages of other sites cannot change anything here', {
      hint: 'Call the proxy from a program, or from a page that it serves itself.',
    });
  }
}

function isAllowedHost(name: string, allowedHosts: ReadonlySet<string>): boolean {
  return IP_ADDRESS.test(name) || ALWAYS_ALLOWED.has(name) || allowedHosts.has(name) || allowedHosts.has(ANY_HOST);
}

function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

function originHost(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined; // `null`, the origin of sandboxed pages.
  }
}
