import { bareTunnel, type Partition, type TunnelDevice } from '../computer/computer.js';
import { formatIpv6, netmaskOfPrefix, parseIpv6 } from '../computer/netmask.js';
import { FormatError } from '../errors.js';
import {
  formatIpv4,
  ipv4NetworkAround,
  ipv4PrefixLength,
  netmaskOfIpv4,
  parseIpv4,
  tunNetwork,
} from './ipv4-arithmetic.js';
import type { TunnelContext } from './plan-tap.js';

/**
 * Plans a partition's tun; one that is stored is kept, and made again when it is gone (spec: format §4.6).
 * @param context.partitions all of them, with the tuns planned so far
 * @throws FormatError `FORMAT_NETWORK_EXHAUSTED`
 */
export function planTun(
  context: TunnelContext & { readonly partitions: readonly Partition[]; readonly amount: number },
): TunnelDevice | undefined {
  const { partition, index, options, state } = context;
  if (partition.tun === undefined && !options.createTun) return undefined;
  const stored = partition.tun ?? bareTunnel(`slaptun${index}`);
  const withIpv4 = stored.ipv4Address === '' ? { ...stored, ...newIpv4(context) } : stored;
  const tun = withIpv4.ipv6Address === '' && options.tunIpv6 ? { ...withIpv4, ...newIpv6(context) } : withIpv4;
  state.putTunnel(tun.name, 'tun', partition.user.name);
  const reason = `tun of ${partition.partitionId}`;
  state.putAddress(tun.name, tun.ipv4Address, { prefixLength: ipv4PrefixLength(tun.ipv4Netmask), reason });
  if (tun.ipv6Address !== '') {
    const prefixLength = Number(tun.ipv6Network.split('/')[1]);
    state.putAddress(tun.name, formatIpv6(parseIpv6(tun.ipv6Address)), { prefixLength, reason });
  }
  return tun;
}

function newIpv4({
  index,
  partitions,
  amount,
  partition,
}: Parameters<typeof planTun>[0]): Pick<TunnelDevice, 'ipv4Address' | 'ipv4Netmask' | 'ipv4Network'> {
  const taken = partitions.flatMap(({ tun }) => {
    if (tun === undefined || tun.ipv4Address === '') return [];
    const address = parseIpv4(tun.ipv4Address);
    return [{ address, ...ipv4NetworkAround(address, ipv4PrefixLength(tun.ipv4Netmask)) }];
  });
  const network = tunNetwork(index, amount, taken);
  if (network === undefined) {
    throw new FormatError(
      'FORMAT_NETWORK_EXHAUSTED',
      `172.16.0.0/12 has no part left for the tun of ${partition.partitionId}`,
      {
        hint: 'Set create_tun to false.',
      },
    );
  }
  const ipv4Address = formatIpv4(network.first + 1);
  const ipv4Netmask = netmaskOfIpv4(network.prefixLength);
  return { ipv4Address, ipv4Netmask, ipv4Network: `${ipv4Address}/${ipv4Netmask}` };
}

function newIpv6({
  index,
  partition,
  pool,
}: TunnelContext): Pick<TunnelDevice, 'ipv6Address' | 'ipv6Netmask' | 'ipv6Network'> {
  const { first, prefixLength } = pool.newRange('tun', partition, index);
  const ipv6Address = formatIpv6(first + 1n);
  return { ipv6Address, ipv6Netmask: netmaskOfPrefix(prefixLength), ipv6Network: `${ipv6Address}/${prefixLength}` };
}
