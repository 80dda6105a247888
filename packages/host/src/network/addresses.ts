import { isIPv4, isIPv6 } from 'node:net';

import { HostError } from '../errors.js';
import type { AddressFamily } from './network.js';

const IPV4_BITS = 32;
const IPV6_BITS = 128;
const LINK_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}$/;

function notAnAddress(text: string): HostError {
  return new HostError('HOST_INVALID_ARGUMENT', `${JSON.stringify(text)} is not an IP address`);
}

/** 4 or 6. @throws HostError `HOST_INVALID_ARGUMENT` when it is no address; a zone (`%eth0`) is refused too. */
export function addressFamily(address: string): AddressFamily {
  if (!address.includes(':')) {
    if (isIPv4(address)) return 4;
  } else if (isIPv6(address) && !address.includes('%')) return 6;
  throw notAnAddress(address);
}

/** The one spelling of an address: RFC 5952 for IPv6. @throws HostError `HOST_INVALID_ARGUMENT`. */
export function canonicalAddress(address: string): string {
  // The URL parser of Node.js writes IPv6 addresses canonically, as the WHATWG asks for.
  return addressFamily(address) === 4 ? address : new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

/** The one spelling of `address/length`. @throws HostError `HOST_INVALID_ARGUMENT`. */
export function canonicalPrefix(address: string, prefixLength: number): string {
  const bits = addressFamily(address) === 4 ? IPV4_BITS : IPV6_BITS;
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bits) {
    throw new HostError(
      'HOST_INVALID_ARGUMENT',
      `${String(prefixLength)} is not a prefix length of ${JSON.stringify(address)}`,
    );
  }
  return `${canonicalAddress(address)}/${String(prefixLength)}`;
}

/** The one spelling of a route's destination: `default`, or with a prefix length. @throws HostError `HOST_INVALID_ARGUMENT`. */
export function canonicalDestination(destination: string): string {
  if (destination === 'default') return destination;
  const [address = '', length, ...rest] = destination.split('/');
  const bits = addressFamily(address) === 4 ? IPV4_BITS : IPV6_BITS;
  if (rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) throw notAnAddress(destination);
  return canonicalPrefix(address, length === undefined ? bits : Number(length));
}

/** @throws HostError `HOST_INVALID_ARGUMENT` when it cannot be the name of an interface. */
export function checkLinkName(name: string): string {
  if (!LINK_NAME.test(name)) {
    throw new HostError('HOST_INVALID_ARGUMENT', `${JSON.stringify(name)} is not the name of a network interface`, {
      hint: 'At most 15 of letters, digits, "_", ".", "@" and "-".',
    });
  }
  return name;
}
