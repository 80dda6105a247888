import type { Computer, InterfaceAddress, Ipv6Range, Partition } from '../computer/computer.js';
import { formatIpv6, ipv6PrefixLength, netmaskOfPrefix, parseIpv6 } from '../computer/netmask.js';
import { FormatError } from '../errors.js';
import type { Ipv6Base } from './choose-base.js';
import {
  formatIpv4,
  ipv4Size,
  isInIpv4Network,
  type Ipv4Network,
  parseIpv4,
  readIpv4Network,
} from './ipv4-arithmetic.js';
import {
  type Ipv6Network,
  isInNetwork,
  partitionAddress,
  partitionRange,
  type RangeKind,
  rangeAt,
} from './ipv6-arithmetic.js';
import type { NetworkState } from './network-state.js';
import type { NetworkOptions } from './plan-network.js';

/** What the choice of addresses depends on besides the machine. */
export interface AddressChoice {
  /** What was tried and cannot be had; see `refusalKey`. */
  readonly refused: ReadonlySet<string>;
  /** A whole number from 0 to below `limit`, at random. */
  readonly random: (limit: number) => number;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

const IPV4_HOST_NETMASK = '255.255.255.255';
const IPV4_HOST_LENGTH = 32;
const RANDOM_TRIES = 10;
/** Only with this shift does the reference try addresses at random. */
const RANDOM_SHIFT = 16;
const RANDOM_LIMIT = 65_000;
const LAST_GROUP = 0xffffn;
/** Small networks are tried as a whole; no partition has an index of that size. */
const MOST_INDEXES = 65_536;

/** Where partitions get their addresses and ranges from; what is stored is kept, and nothing is given out twice. */
export class AddressPool {
  readonly #state: NetworkState;
  readonly #base: Ipv6Base;
  readonly #options: NetworkOptions;
  readonly #choice: AddressChoice;
  readonly #ipv4Network: Ipv4Network;
  readonly #amount: number;
  /** Addresses of partitions and of the computer, canonical. */
  readonly #taken: Set<string>;
  /** Ranges that have an owner, as `network/length`. */
  readonly #ranges: Set<string>;

  constructor(parts: {
    readonly state: NetworkState;
    readonly base: Ipv6Base;
    readonly computer: Computer;
    readonly options: NetworkOptions;
    readonly choice: AddressChoice;
  }) {
    this.#state = parts.state;
    this.#base = parts.base;
    this.#options = parts.options;
    this.#choice = parts.choice;
    this.#ipv4Network = readIpv4Network(parts.options.ipv4LocalNetwork, 'ipv4_local_network');
    const { partitions } = parts.computer;
    this.#amount = partitions.length;
    this.#taken = new Set([
      parts.base.own.address,
      ...partitions.flatMap(({ addresses }) => addresses.map(({ addr }) => canonical(addr))),
    ]);
    this.#ranges = new Set(
      partitions.flatMap(({ ipv6Range, tap, tun }) => [
        ...(ipv6Range ? [ipv6Range.network] : []),
        ...(tap.ipv6Address ? [rangeText(tap.ipv6Address, ipv6PrefixLength(tap.ipv6Netmask))] : []),
        ...(tun?.ipv6Network ? [rangeText(tun.ipv6Address, ipv6PrefixLength(tun.ipv6Netmask))] : []),
      ]),
    );
  }

  /** The partition's IPv4 address, which is put on the interface (spec: format §4.4). */
  ipv4(partition: Partition): InterfaceAddress {
    const link = this.#options.interfaceName;
    const stored = partition.addresses.find(({ addr }) => !addr.includes(':'))?.addr;
    const address = stored !== undefined && this.#isUsable(partition, link, stored) ? stored : this.#newIpv4(link);
    this.#taken.add(address);
    this.#state.putAddress(link, address, {
      prefixLength: IPV4_HOST_LENGTH,
      reason: `IPv4 of ${partition.partitionId}`,
    });
    return { addr: address, netmask: IPV4_HOST_NETMASK };
  }

  #newIpv4(link: string): string {
    const size = ipv4Size(this.#ipv4Network);
    const start = this.#choice.random(size);
    for (let offset = 0; offset < size; offset += 1) {
      const address = formatIpv4(this.#ipv4Network.first + ((start + offset) % size));
      if (this.#taken.has(address) || this.#state.isOnMachine(address) || !this.#state.isAvailable(link, address))
        continue;
      return address;
    }
    throw exhausted(
      `ipv4_local_network ${this.#options.ipv4LocalNetwork}`,
      'Set ipv4_local_network to a larger network.',
    );
  }

  /** The partition's IPv6 address, which is put on the interface (spec: format §4.2, §4.4). */
  ipv6(partition: Partition, index: number): InterfaceAddress {
    const { link } = this.#base;
    const stored = partition.addresses.find(({ addr }) => addr.includes(':'));
    const kept =
      stored !== undefined &&
      this.#isUsable(partition, link, canonical(stored.addr)) &&
      this.#isCurrent(stored.addr, partition)
        ? { address: canonical(stored.addr), prefixLength: ipv6PrefixLength(stored.netmask) }
        : undefined;
    const { address, prefixLength } = kept ?? this.#newIpv6(partition, index);
    this.#taken.add(address);
    this.#state.putAddress(link, address, { prefixLength, reason: `IPv6 of ${partition.partitionId}` });
    return { addr: address, netmask: netmaskOfPrefix(prefixLength) };
  }

  #newIpv6(partition: Partition, index: number): { address: string; prefixLength: number } {
    const base = this.newBase();
    const { link } = this.#base;
    const isFree = (address: string): boolean =>
      !this.#taken.has(address) && !this.#state.isOnMachine(address) && this.#state.isAvailable(link, address);
    const wished = formatIpv6(partitionAddress(base, index));
    // One that is on this interface already was made by a run whose document is lost: it is taken up again, as the reference does.
    if (!this.#taken.has(wished) && this.#state.isAvailable(link, wished))
      return { address: wished, prefixLength: base.prefixLength };
    // The reference would give out one of its own addresses, or of another partition, a second time: the indexes behind the last are free.
    if (this.#taken.has(wished)) {
      for (let other = this.#amount; other < this.#amount + MOST_INDEXES; other += 1) {
        const address = formatIpv6(partitionAddress(base, other));
        if (isFree(address)) return { address, prefixLength: base.prefixLength };
      }
      throw exhausted(
        `the IPv6 network ${rangeText(formatIpv6(base.first), base.prefixLength)}`,
        'Give the interface a larger network.',
      );
    }
    this.#choice.warn('The IPv6 address of a partition cannot be had: another is taken at random', {
      partitionId: partition.partitionId,
      address: wished,
      holder: this.#state.otherHolder(link, wished),
    });
    const address = this.#atRandom(`IPv6 of ${partition.partitionId}`, (number) => {
      const candidate = formatIpv6(((parseIpv6(this.#base.own.address) >> 16n) << 16n) | (number & LAST_GROUP));
      return isFree(candidate) ? candidate : undefined;
    });
    return { address, prefixLength: base.prefixLength };
  }

  /** The partition's range, routed to the machine itself (spec: format §4.4). */
  range(partition: Partition, index: number): Ipv6Range {
    const { ipv6Range: stored, partitionId } = partition;
    const kept = stored !== undefined && this.#isCurrent(stored.addr, partition) ? stored : undefined;
    const range = kept ?? rangeOf(this.newRange('partition', partition, index));
    this.#state.putRoute({ destination: range.network, link: 'lo', isLocal: true }, `IPv6 range of ${partitionId}`);
    return range;
  }

  /**
   * A range that nobody has.
   * @throws FormatError `FORMAT_NETWORK_EXHAUSTED` when the interface's prefix is too long, or none is free
   */
  newRange(kind: RangeKind, { partitionId }: Partition, index: number): Ipv6Network {
    const base = this.newBase();
    const shift = this.#options.ipv6PrefixShift;
    const range = partitionRange(base, kind, shift, index);
    if (range === undefined) {
      throw exhausted(
        `the IPv6 network ${rangeText(formatIpv6(base.first), base.prefixLength)}: there is no room for ranges that are ${shift} bits smaller`,
        'Give the interface a larger network, or set partition_has_ipv6_range, tap_ipv6 and tun_ipv6 to false.',
      );
    }
    if (this.#reserve(range)) return range;
    this.#choice.warn('The IPv6 range of a partition is another’s: one is taken at random', { partitionId, kind });
    return this.#atRandom(`the ${kind} range of ${partitionId}`, (number) => {
      const other = rangeAt(base, shift, number);
      return other !== undefined && this.#reserve(other) ? other : undefined;
    });
  }

  /** Whether a stored IPv6 address still counts; one that no network of the interface contains does unless renumbering was asked for. */
  isCurrentAddress(address: string, partition: Partition): boolean {
    return this.#isCurrent(address, partition);
  }

  /** The network below which new addresses are made. */
  newBase(): Ipv6Network {
    const [base] = this.#base.networks;
    if (base === undefined) throw exhausted(`the interface ${this.#base.link}`, 'Give it an IPv6 address.');
    return base;
  }

  #reserve(range: Ipv6Network): boolean {
    const text = rangeText(formatIpv6(range.first), range.prefixLength);
    if (this.#ranges.has(text)) return false;
    this.#ranges.add(text);
    return true;
  }

  #atRandom<Found>(what: string, attempt: (number: bigint) => Found | undefined): Found {
    if (this.#options.ipv6PrefixShift === RANDOM_SHIFT) {
      for (let tries = 0; tries < RANDOM_TRIES; tries += 1) {
        const found = attempt(BigInt(1 + this.#choice.random(RANDOM_LIMIT)));
        if (found !== undefined) return found;
      }
    }
    throw exhausted(what, 'Look with ip -6 address for who has the addresses, and at duplicates on the network.');
  }

  #isUsable(partition: Partition, link: string, address: string): boolean {
    if (!address.includes(':') && !isInIpv4Network(this.#ipv4Network, parseIpv4(address))) {
      this.#choice.warn('The IPv4 address of a partition is outside of ipv4_local_network: another is taken', {
        partitionId: partition.partitionId,
        address,
      });
      return false;
    }
    if (this.#state.isAvailable(link, address)) return true;
    this.#choice.warn('The address of a partition cannot be had: another is taken', {
      partitionId: partition.partitionId,
      address,
      holder: this.#state.otherHolder(link, address),
    });
    return false;
  }

  #isCurrent(address: string, { partitionId }: Partition): boolean {
    const value = parseIpv6(address);
    if (this.#base.networks.some((network) => isInNetwork(network, value))) return true;
    if (this.#options.renumber === true) return false;
    this.#choice.warn(
      'An IPv6 address or range of a partition is in no network of the interface; it is kept (see --renumber)',
      {
        partitionId,
        address,
        link: this.#base.link,
      },
    );
    return true;
  }
}

/** The stored form of a range. */
export function rangeOf({ first, prefixLength }: Ipv6Network): Ipv6Range {
  const addr = formatIpv6(first);
  return { addr, netmask: netmaskOfPrefix(prefixLength), network: `${addr}/${prefixLength}`, prefixLength };
}

function rangeText(address: string, prefixLength: number): string {
  const zeros = BigInt(128 - prefixLength);
  return `${formatIpv6((parseIpv6(address) >> zeros) << zeros)}/${prefixLength}`;
}

function canonical(address: string): string {
  return address.includes(':') ? formatIpv6(parseIpv6(address)) : address;
}

function exhausted(what: string, hint: string): FormatError {
  return new FormatError('FORMAT_NETWORK_EXHAUSTED', `There is no free address left: ${what}`, { hint });
}
