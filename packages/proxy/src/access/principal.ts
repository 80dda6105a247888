import { timingSafeEqual } from 'node:crypto';

import type { ProxyStore } from '../store/proxy-store.js';

/** Who calls. A user may do everything, a computer what its node does, an instance what concerns its own tree, somebody unknown next to nothing. */
export type Principal = KnownPrincipal | { readonly role: 'nobody' };

/** Who calls, when that is known. */
export type KnownPrincipal =
  | { readonly role: 'user' }
  | { readonly role: 'computer'; readonly computerId: string }
  | { readonly role: 'partition'; readonly computerId: string; readonly partitionId: string };

/** What is known of who is at the other end of a connection. */
export interface Peer {
  /** Whether everybody who can connect may do everything. */
  readonly isOpen: boolean;
  /** Serial number (hexadecimal, lower case) of a client certificate that our authority signed. */
  readonly certificateSerial?: string | undefined;
  /** IP address of the other end; absent in process and on a Unix socket. */
  readonly address?: string | undefined;
}

/** The computer that certificates of users are kept under. */
export const USER_COMPUTER = '';
export const USER: KnownPrincipal = { role: 'user' };
export const NOBODY: Principal = { role: 'nobody' };
const BEARER = /^Bearer +(\S+)$/i;

/**
 * Finds out who sends a request: whoever may connect to an open address; else by the client certificate, or by the token of the user.
 * `undefined` when it cannot be told.
 */
export async function identify(
  request: Request,
  peer: Peer,
  store: ProxyStore,
  userToken: () => Promise<string>,
): Promise<KnownPrincipal | undefined> {
  if (peer.isOpen) return USER;
  const token = BEARER.exec(request.headers.get('authorization') ?? '')?.[1];
  if (token !== undefined) return isSameText(token, await userToken()) ? USER : undefined;
  const { certificateSerial: serial } = peer;
  if (serial === undefined) return undefined;
  const certificate = await store.read((reader) => reader.certificateBySerial(serial));
  if (certificate?.revokedAt !== null) return undefined;
  const { computerId, partitionId } = certificate;
  if (computerId === USER_COMPUTER) return USER;
  return partitionId === '' ? { role: 'computer', computerId } : { role: 'partition', computerId, partitionId };
}

/** Compares without telling by its duration how much was right. */
function isSameText(a: string, b: string): boolean {
  const [first, second] = [Buffer.from(a), Buffer.from(b)];
  return first.length === second.length && timingSafeEqual(first, second);
}
