import { isIPv6 } from 'node:net';

import { SlapError } from '../errors.js';

/**
 * Puts brackets around a bare IPv6 host of a URL, in canonical form; what is not one stays as it is.
 * With several colons the whole of host and port is first taken as an address (spec: slap-client §1).
 */
export function addIpv6Brackets(url: string): string {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/)([^/?#]*)(.*)$/s.exec(url);
  if (match === null) return url;
  const [, scheme = '', authority = '', rest = ''] = match;
  const whole = canonicalIpv6(authority);
  if (whole !== undefined) return `${scheme}[${whole}]${rest}`;
  const lastColon = authority.lastIndexOf(':');
  const host = lastColon < 0 ? undefined : canonicalIpv6(authority.slice(0, lastColon));
  return host === undefined ? url : `${scheme}[${host}]:${authority.slice(lastColon + 1)}${rest}`;
}

function canonicalIpv6(host: string): string | undefined {
  // A zone (fe80::1%eth0) has no place in a URL.
  if (!isIPv6(host) || host.includes('%')) return undefined;
  return new URL(`http://[${host}]/`).hostname.slice(1, -1);
}

/** A master's address, ready for joining the names of calls to it. */
export interface MasterAddress {
  /** Ends with `/`, without user and password. */
  readonly baseUrl: URL;
  /** Value of an Authorization header when the URL had a user and password. */
  readonly authorization: string | undefined;
}

/**
 * Reads a master's URL: http or https, brackets added to a bare IPv6 host, a final `/` added (spec: slap-client §1).
 * @throws SlapError `SLAP_INVALID_ARGUMENT` when it is no such URL.
 */
export function parseMasterUrl(masterUrl: string): MasterAddress {
  const bracketed = addIpv6Brackets(masterUrl.trim());
  const text = bracketed.endsWith('/') ? bracketed : `${bracketed}/`;
  const baseUrl = URL.canParse(text) ? new URL(text) : undefined;
  if (baseUrl === undefined || !['http:', 'https:'].includes(baseUrl.protocol)) {
    throw new SlapError('SLAP_INVALID_ARGUMENT', 'The URL of the master is not an http or https URL.', {
      hint: 'It looks like https://slap.example.com/ or http://[2001:db8::1]:5000/ (brackets around IPv6).',
    });
  }
  const { username, password } = baseUrl;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  baseUrl.username = '';
  baseUrl.password = '';
  return {
    baseUrl,
    authorization:
      username === '' && password === '' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}

/**
 * The proxy for a URL, from variables like those of the environment: `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`,
 * in either case. The caller passes them in; this library does not read the environment.
 */
export function proxyFromVariables(
  variables: Readonly<Record<string, string | undefined>>,
  url: string,
): string | undefined {
  const variable = (name: string) => nonEmpty(variables[name]) ?? nonEmpty(variables[name.toUpperCase()]);
  const { protocol, hostname, port } = new URL(addIpv6Brackets(url));
  const excluded = (variable('no_proxy') ?? '').split(',').map((entry) => entry.trim().toLowerCase());
  const defaultPort = protocol === 'https:' ? '443' : '80';
  if (excluded.some((entry) => isExcluded(entry, hostname.toLowerCase(), port || defaultPort))) return undefined;
  return variable(protocol === 'https:' ? 'https_proxy' : 'http_proxy') ?? variable('all_proxy');
}

/** A text that says something: an empty one counts as absent, as in the environment and in configuration files. */
export function nonEmpty(text: string | null | undefined): string | undefined {
  return text === null || text === undefined || text === '' ? undefined : text;
}

function isExcluded(entry: string, hostname: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const bare = hostname.replace(/^\[|\]$/g, '');
  const [, host = entry, entryPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) return false;
  const name = host.replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  return bare === name || bare.endsWith(`.${name}`);
}
