import { HostError } from '../errors.js';
import { addressFamily, canonicalDestination, canonicalPrefix, checkLinkName } from './addresses.js';
import type { NetworkChange } from './network.js';

const MAX_UID = 2 ** 32 - 2;

/**
 * The words of ip(8) for a change. Every one is checked, none has a blank, so they can be a line of a batch as well.
 * @throws HostError `HOST_INVALID_ARGUMENT`.
 */
export function renderNetworkChange(change: NetworkChange): string[] {
  switch (change.kind) {
    case 'addAddress':
    case 'removeAddress': {
      const { kind, link, address, prefixLength } = change;
      const words = [
        'address',
        kind === 'addAddress' ? 'add' : 'delete',
        canonicalPrefix(address, prefixLength),
        'dev',
        checkLinkName(link),
      ];
      return kind === 'addAddress' && change.noPrefixRoute === true ? [...words, 'noprefixroute'] : words;
    }
    case 'addRoute':
    case 'removeRoute': {
      const { kind, link, via, isLocal } = change;
      const destination = canonicalDestination(change.destination);
      if (via !== undefined) addressFamily(via);
      return [
        'route',
        kind === 'addRoute' ? 'add' : 'delete',
        ...(isLocal === true ? ['local'] : []),
        destination,
        'dev',
        checkLinkName(link),
        ...(via === undefined ? [] : ['via', via]),
      ];
    }
    case 'addTunnel':
      if (!Number.isInteger(change.ownerUid) || change.ownerUid < 0 || change.ownerUid > MAX_UID) {
        throw new HostError('HOST_INVALID_ARGUMENT', `${String(change.ownerUid)} is not a user id`);
      }
      return ['tuntap', 'add', 'dev', checkLinkName(change.name), 'mode', change.mode, 'user', String(change.ownerUid)];
    case 'removeTunnel':
      return ['tuntap', 'delete', 'dev', checkLinkName(change.name), 'mode', change.mode];
    case 'setLinkUp':
      return ['link', 'set', 'dev', checkLinkName(change.link), 'up'];
  }
}
