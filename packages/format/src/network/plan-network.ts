import type { Computer, Partition } from '../computer/computer.js';
import { AddressPool, type AddressChoice } from './address-pool.js';
import { chooseBase } from './choose-base.js';
import { NetworkState, type NetworkStep, type ObservedNetwork } from './network-state.js';
import { planTap, tapGatewayPool } from './plan-tap.js';
import { planTun } from './plan-tun.js';

/** What of the network is formatted, and how. */
export interface NetworkOptions {
  /** Gets the IPv4 addresses, and the IPv6 ones unless `ipv6Interface` is given. */
  readonly interfaceName: string;
  readonly ipv6Interface?: string | undefined;
  /** `10.0.0.0/16`: where the partitions' IPv4 addresses are taken from. */
  readonly ipv4LocalNetwork: string;
  readonly ipv6PrefixShift: number;
  readonly partitionHasIpv6Range: boolean;
  readonly createTap: boolean;
  readonly tapIpv6: boolean;
  /** Interface whose IPv4 network is shared out to the taps; empty: they have no IPv4. */
  readonly tapGatewayInterface: string;
  readonly createTun: boolean;
  readonly tunIpv6: boolean;
  /** Replace IPv6 addresses and ranges that no network of the interface contains any more. Default: keep them. */
  readonly renumber?: boolean | undefined;
}

/** The machine with all its addresses, and what is missing of them. */
export interface NetworkPlan {
  readonly computer: Computer;
  readonly steps: readonly NetworkStep[];
}

/**
 * Chooses the addresses that are missing and plans what the network needs for all of them; nothing on a formatted machine (spec: format
 * §3 step 7 and 8, §4.2–4.6). Pure but for the choice of random addresses and the warnings.
 * @param choice addresses that cannot be had, and where random numbers come from
 * @throws FormatError `FORMAT_NO_INTERFACE`, `FORMAT_NO_IPV6`, `FORMAT_NETWORK_EXHAUSTED`
 */
export function planNetwork(
  observed: ObservedNetwork,
  computer: Computer,
  options: NetworkOptions,
  choice: AddressChoice,
): NetworkPlan {
  const state = new NetworkState(observed, choice.refused);
  const base = chooseBase(observed, computer, options, choice);
  const pool = new AddressPool({ state, base, computer, options, choice });
  state.putAddress(base.link, base.own.address, { prefixLength: base.own.prefixLength, reason: 'the computer’s own' });
  const gateways =
    options.createTap && options.tapGatewayInterface !== ''
      ? tapGatewayPool(observed, options.tapGatewayInterface, computer.partitions)
      : undefined;
  if (options.partitionHasIpv6Range && !observed.mayBindNonlocal) {
    state.plan({ kind: 'allowNonlocalBind' }, 'partitions listen on addresses of their ranges');
  }
  const partitions: Partition[] = [];
  for (const [index, partition] of computer.partitions.entries()) {
    const context = { index, partition, state, pool, options, choice };
    const tap = options.createTap ? planTap({ ...context, gateways }) : partition.tap;
    const tun = planTun({
      ...context,
      partitions: [...partitions, ...computer.partitions.slice(index)],
      amount: computer.partitions.length,
    });
    const addresses = [pool.ipv4(partition), pool.ipv6(partition, index)];
    const ipv6Range = options.partitionHasIpv6Range ? pool.range(partition, index) : undefined;
    partitions.push({ ...partition, tap, tun, addresses, ipv6Range });
  }
  return {
    computer: { ...computer, address: base.own.address, netmask: base.own.netmask, partitions },
    steps: state.steps,
  };
}
