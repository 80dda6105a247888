import type { ListenAddress } from '@slapos/proxy';

/** Addresses to listen on everywhere, with one that can be called. */
const CALLABLE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Where a browser on this machine finds the panel of a mini-master that listens there. */
export function panelUrl(addresses: readonly ListenAddress[]): string {
  for (const address of addresses) {
    if (!('host' in address)) continue;
    const host = CALLABLE[address.host] ?? address.host;
    const scheme = address.tls === undefined ? 'http' : 'https';
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address.port}/panel/`;
  }
  throw new TypeError('no address has a port');
}
