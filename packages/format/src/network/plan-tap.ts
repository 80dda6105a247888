import type { Partition, TunnelDevice } from '../computer/computer.js';
import { formatIpv6, ipv6PrefixLength, netmaskOfPrefix, networkOf, parseIpv6 } from '../computer/netmask.js';
import { FormatError } from '../errors.js';
import type { AddressChoice, AddressPool } from './address-pool.js';
import { formatIpv4, ipv4NetworkAround, ipv4Size, netmaskOfIpv4, parseIpv4 } from './ipv4-arithmetic.js';
import { lastAddress, networkAround } from './ipv6-arithmetic.js';
import type { NetworkState, ObservedNetwork } from './network-state.js';
import type { NetworkOptions } from './plan-network.js';

/** What the tunnels of one partition are planned with. */
export interface TunnelContext {
  readonly index: number;
  readonly partition: Partition;
  readonly state: NetworkState;
  readonly pool: AddressPool;
  readonly options: NetworkOptions;
  readonly choice: AddressChoice;
}

/** The IPv4 network that is shared out to taps, and what is free of it. */
export interface TapGateway {
  readonly address: string;
  readonly netmask: string;
  readonly network: string;
  /** The address of the partition with that index. */
  readonly take: (index: number) => string;
}

/**
 * The addresses of the gateway interface's first IPv4 network, without the network's own and the gateway's (spec: format §4.6).
 * @throws FormatError `FORMAT_NO_INTERFACE`, `FORMAT_NETWORK_EXHAUSTED` when there are fewer than partitions
 */
export function tapGatewayPool(observed: ObservedNetwork, link: string, partitions: readonly Partition[]): TapGateway {
  const gateway = observed.addresses.find((each) => each.link === link && each.family === 4);
  if (gateway === undefined) {
    throw new FormatError('FORMAT_NO_INTERFACE', `tap_gateway_interface ${link} has no IPv4 address, or is not there`, {
      hint: 'Give the interface an IPv4 address, or leave tap_gateway_interface empty: taps have no IPv4 then.',
    });
  }
  const network = ipv4NetworkAround(parseIpv4(gateway.address), gateway.prefixLength);
  const usable = ipv4Size(network) - 2;
  if (usable < partitions.length) {
    throw new FormatError(
      'FORMAT_NETWORK_EXHAUSTED',
      `The network of tap_gateway_interface ${link} has ${usable} addresses for ${partitions.length} taps`,
      { hint: 'Give the interface a larger network.' },
    );
  }
  const own = parseIpv4(gateway.address);
  const taken = new Set(partitions.map(({ tap }) => tap.ipv4Address));
  const addressAt = (index: number): string => {
    const address = network.first + 1 + (index % usable);
    return formatIpv4(address >= own ? address + 1 : address);
  };
  return {
    address: gateway.address,
    netmask: netmaskOfIpv4(gateway.prefixLength),
    network: formatIpv4(network.first),
    take: (index) => {
      let next = index;
      while (taken.has(addressAt(next))) next += 1;
      taken.add(addressAt(next));
      return addressAt(next);
    },
  };
}

/** Plans a partition's tap with its addresses and routes (spec: format §4.6). */
export function planTap(context: TunnelContext & { readonly gateways: TapGateway | undefined }): TunnelDevice {
  const { partition, state, options } = context;
  const { name } = partition.tap;
  if (name === '') return partition.tap;
  state.putTunnel(name, 'tap', partition.user.name);
  const tap = { ...partition.tap, ...ipv4Of(context), ...(options.tapIpv6 ? ipv6Of(context) : NO_IPV6) };
  if (tap.ipv4Address !== '') {
    state.putRoute({ destination: `${tap.ipv4Address}/32`, link: name }, `IPv4 of the tap of ${partition.partitionId}`);
  }
  if (tap.ipv6Address !== '') planIpv6(tap, context);
  return tap;
}

const NO_IPV4 = { ipv4Address: '', ipv4Gateway: '', ipv4Netmask: '', ipv4Network: '' };
const NO_IPV6 = { ipv6Address: '', ipv6Gateway: '', ipv6Netmask: '', ipv6Network: '' };

function ipv4Of({ partition, index, gateways }: Parameters<typeof planTap>[0]): typeof NO_IPV4 {
  if (gateways === undefined) return NO_IPV4;
  return {
    ipv4Address: partition.tap.ipv4Address || gateways.take(index),
    ipv4Gateway: gateways.address,
    ipv4Netmask: gateways.netmask,
    ipv4Network: gateways.network,
  };
}

function ipv6Of({ partition, index, pool, state, choice }: TunnelContext): typeof NO_IPV6 {
  const { tap } = partition;
  const stored = tap.ipv6Address;
  if (stored !== '' && pool.isCurrentAddress(stored, partition)) {
    if (state.isAvailable(tap.name, stored)) return withGateway(tap);
    choice.warn('The IPv6 address of a tap cannot be had: another is taken', { tap: tap.name, address: stored });
  }
  const range = pool.newRange('tap', partition, index);
  return withGateway({
    ...NO_IPV6,
    ipv6Address: formatIpv6(lastAddress(range)),
    ipv6Netmask: netmaskOfPrefix(range.prefixLength),
  });
}

/** What is stored stays as it is, also where the reference made it by another rule. */
function withGateway(tap: typeof NO_IPV6): typeof NO_IPV6 {
  const prefixLength = ipv6PrefixLength(tap.ipv6Netmask);
  const gateway = formatIpv6(networkAround(parseIpv6(tap.ipv6Address), prefixLength).first | 1n);
  return {
    ipv6Address: tap.ipv6Address,
    ipv6Netmask: tap.ipv6Netmask,
    ipv6Gateway: tap.ipv6Gateway || gateway,
    ipv6Network: tap.ipv6Network || `${gateway}/${prefixLength}`,
  };
}

function planIpv6(tap: TunnelDevice, { partition, state }: TunnelContext): void {
  const reason = `IPv6 of the tap of ${partition.partitionId}`;
  const link = tap.name;
  state.putAddress(link, formatIpv6(parseIpv6(tap.ipv6Address)), {
    prefixLength: ipv6PrefixLength(tap.ipv6Netmask),
    noPrefixRoute: true,
    reason,
  });
  const via = formatIpv6(parseIpv6(tap.ipv6Gateway));
  state.putRoute({ destination: `${via}/128`, link }, reason);
  const [address = '', length = ''] = tap.ipv6Network.split('/');
  const destination = networkOf(address, Number(length));
  const direct = { destination, link, via: undefined, table: 'main', type: 'unicast' };
  if (!state.hasRoute({ ...direct, via }) && state.hasRoute(direct)) {
    state.plan({ kind: 'removeRoute', destination, link }, 'it does not go through the gateway');
  }
  state.putRoute({ destination, link, via }, reason);
}
