import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { silentLogger } from '@slapos/host';
import { describe, expect, it } from 'vitest';
import type { Computer, MachineFacts } from '../src/computer/computer.js';
import { computerToWire, readStateDocument, renderStateDocument } from '../src/computer/document.js';
import { wantedComputer } from '../src/computer/load-computer.js';
import { ipv6PrefixLength } from '../src/computer/netmask.js';
import { type JsonObject, renderSortedJson } from '../src/computer/python-json.js';
import { formatOptionsFromSection, formatSectionSchema, planNetwork, readMachineDefinition } from '../src/index.js';
import { parseIpv4, readIpv4Network } from '../src/network/ipv4-arithmetic.js';
import type { NetworkStep, ObservedNetwork } from '../src/network/network-state.js';

type Address = readonly [link: string, address: string, prefixLength: number];
type Route = readonly [destination: string, link: string, via: string | null, type: string];
interface WirePartition {
  reference: string;
  address_list: { addr: string; netmask: string; prefixlen?: number }[];
  tap: JsonObject;
  tun: JsonObject | null;
  ipv6_range: JsonObject;
}

interface RecordedState extends JsonObject {
  partition_list: JsonObject[];
  slapos_version: string;
  python_version: string;
  os_type: string;
}

/** A run of the reference on a machine of its own: what there was, what it was told, and what came of it. */
interface RecordedRun {
  readonly scenario: string;
  readonly run: 'run-1' | 'run-2';
  readonly exitStatus: number;
  readonly config: Record<string, string>;
  readonly definition?: Record<string, Record<string, string>>;
  readonly links: readonly string[];
  readonly addressesBefore: readonly Address[];
  readonly addressesAfter: readonly Address[];
  readonly routesAfter: readonly Route[];
  readonly state?: RecordedState;
  readonly documentSha256?: string;
  readonly resourceSha256?: string;
}

const FILE = path.join(import.meta.dirname, 'fixtures/recorded-runs.json');
const runs = JSON.parse(readFileSync(FILE, 'utf8')) as RecordedRun[];
const nameOf = ({ scenario, run }: RecordedRun): string => `${scenario} ${run}`;
const recorded = (scenario: string, run: string): RecordedRun => {
  const found = runs.find((each) => each.scenario === scenario && each.run === run);
  if (found === undefined) throw new Error(`no recorded ${scenario} ${run}`);
  return found;
};

/** Runs that end otherwise than those of the reference do, and why; all others end the same. */
const DIFFERENT: ReadonlySet<string> = new Set([
  // It gives a partition an address that is somebody's already: its own, or the partition's before.
  'own-address-is-2 run-1',
  'high-own-address run-2',
  // It chooses at random where the next index is free.
  'address-stolen run-2',
  // It puts IPv4 addresses on the interface for IPv6.
  'separate-ipv6-interface run-2',
  // It cuts the network of tuns into parts that overlap those in use.
  'tun-growth run-2',
]);

const partitionsOf = (run: RecordedRun): WirePartition[] =>
  (run.state?.partition_list ?? []) as unknown as WirePartition[];

/** What formatting would do in the place of the recorded run. */
function replay(run: RecordedRun): { computer: Computer; steps: readonly NetworkStep[]; warnings: string[] } {
  const warnings: string[] = [];
  const former = run.run === 'run-2' ? recorded(run.scenario, 'run-1') : undefined;
  const section = formatSectionSchema.parse(run.config);
  const definition =
    run.definition &&
    readMachineDefinition(
      new Map(Object.entries(run.definition).map(([name, keys]) => [name, new Map(Object.entries(keys))])),
      section.partition_amount,
    );
  const options = formatOptionsFromSection(section, { definition });
  const kept =
    former?.state && definition === undefined
      ? readStateDocument(renderStateDocument(former.state), 'slapos.xml')
      : undefined;
  const wanted = wantedComputer(options, kept, { ...silentLogger, warn: (message) => warnings.push(message) });
  if (options.alterNetwork !== true) return { computer: wanted, steps: [], warnings };
  // What the reference chose at random is chosen here as well.
  const network = readIpv4Network(section.ipv4_local_network ?? '', 'ipv4_local_network');
  const random = partitionsOf(run)
    .slice(wanted.partitions.filter(({ addresses }) => addresses.length > 0).length)
    .map(({ address_list: [ipv4] }) => parseIpv4(ipv4?.addr ?? '') - network.first);
  const plan = planNetwork(
    observedBefore(run, former),
    wanted,
    {
      interfaceName: options.interfaceName ?? '',
      ipv4LocalNetwork: options.ipv4LocalNetwork ?? '',
      ipv6Interface: options.ipv6Interface,
      ipv6PrefixShift: options.ipv6PrefixShift,
      partitionHasIpv6Range: options.partitionHasIpv6Range,
      createTap: options.createTap ?? false,
      tapIpv6: options.tapIpv6,
      tapGatewayInterface: options.tapGatewayInterface,
      createTun: options.createTun ?? false,
      tunIpv6: options.tunIpv6 ?? false,
    },
    { refused: new Set(), random: () => random.shift() ?? 0, warn: (message) => warnings.push(message) },
  );
  return { ...plan, warnings };
}

function observedBefore(run: RecordedRun, former: RecordedRun | undefined): ObservedNetwork {
  // Routes go with their links, and after a reboot those of ranges are gone, too.
  const routes = (run.scenario === 'reboot' ? [] : (former?.routesAfter ?? [])).filter(([, link]) =>
    run.links.includes(link),
  );
  return {
    links: run.links.map((name) => ({
      name,
      isUp: true,
      kind: undefined,
      ownerUid: undefined,
      hardwareAddress: undefined,
    })),
    addresses: run.addressesBefore.map(([link, address, prefixLength]) => ({
      link,
      address,
      prefixLength,
      family: address.includes(':') ? 6 : 4,
      scope: 'global',
      isTentative: false,
      isDuplicate: false,
    })),
    routes: routes.map(([destination, link, via, type]) => ({
      family: destination.includes(':') ? 6 : 4,
      destination: canonicalDestination(destination),
      link,
      via: via ?? undefined,
      table: type === 'local' ? 'local' : 'main',
      type,
    })),
    mayBindNonlocal: former !== undefined,
  };
}

function canonicalDestination(destination: string): string {
  return destination.includes('/') ? destination : `${destination}/${destination.includes(':') ? '128' : '32'}`;
}

/** The addresses and routes that the machine has when the steps have been done. */
function networkAfter(run: RecordedRun, steps: readonly NetworkStep[]): { addresses: string[]; routes: string[] } {
  const before = observedBefore(run, run.run === 'run-2' ? recorded(run.scenario, 'run-1') : undefined);
  const addresses = before.addresses.map(
    ({ link, address, prefixLength }) => `${link} ${address}/${String(prefixLength)}`,
  );
  const routes = new Set(
    before.routes.map(({ destination, link, via, type }) => `${type} ${destination} ${link} ${via ?? ''}`),
  );
  for (const { change } of steps) {
    if (change.kind === 'addAddress') addresses.push(`${change.link} ${change.address}/${String(change.prefixLength)}`);
    if (change.kind === 'addRoute')
      routes.add(
        `${change.isLocal === true ? 'local' : 'unicast'} ${change.destination} ${change.link} ${change.via ?? ''}`,
      );
  }
  return { addresses: addresses.sort(), routes: [...routes].sort() };
}

function recordedAfter(run: RecordedRun): { addresses: string[]; routes: string[] } {
  return {
    addresses: run.addressesAfter.map(([link, address, length]) => `${link} ${address}/${String(length)}`).sort(),
    routes: run.routesAfter
      .map(([destination, link, via, type]) => `${type} ${canonicalDestination(destination)} ${link} ${via ?? ''}`)
      .sort(),
  };
}

/** The facts are the machine's, which is another one here. */
function factsOf({ state }: RecordedRun): MachineFacts {
  return {
    publicIpv4Address: null,
    slaposVersion: state?.slapos_version ?? '',
    runtimeVersion: state?.python_version ?? '',
    osType: JSON.parse(state?.os_type ?? '') as MachineFacts['osType'],
  };
}

/** Masks as numbers: the reference spells some in other ways than itself does on the next run, and leaks a key. */
function comparable(wire: JsonObject): JsonObject {
  const text = JSON.stringify(wire, (key, value: unknown) =>
    key === 'address_list'
      ? (value as WirePartition['address_list']).map(({ addr, netmask }) => [
          addr,
          netmask.includes(':') ? ipv6PrefixLength(netmask) : netmask,
        ])
      : key === 'netmask' && typeof value === 'string' && value.includes(':')
        ? ipv6PrefixLength(value)
        : value,
  );
  return JSON.parse(text) as JsonObject;
}

const formatted = runs.filter((run) => run.exitStatus === 0);
const alike = formatted.filter((run) => !DIFFERENT.has(nameOf(run)));

describe('in the place of a recorded run', () => {
  it.each(alike.map((run) => [nameOf(run), run] as const))('formatting ends with the same: %s', (_, run) => {
    const { computer, steps } = replay(run);
    expect(comparable(computerToWire(computer, factsOf(run)))).toEqual(comparable(run.state ?? {}));
    expect(networkAfter(run, steps)).toEqual(recordedAfter(run));
  });

  it.each(
    alike
      .filter(({ run, scenario }) => run === 'run-2' && !/grow|reboot|renumbered/.test(scenario))
      .map((run) => [run.scenario, run] as const),
  )('nothing of the network is left to do in the second run: %s', (_, run) => {
    expect(replay(run).steps).toEqual([]);
  });

  it.each([
    ['112-too-small', 'run-1', 'FORMAT_NETWORK_EXHAUSTED'],
    ['tap-gateway-ipv4-then-shrink', 'run-2', 'FORMAT_SHRINK'],
  ])('what it refuses is refused: %s %s', (scenario, run, code) => {
    expect(recorded(scenario, run).exitStatus).toBe(1);
    expect(() => replay(recorded(scenario, run))).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('nobody gets an address that is the computer’s; one that was given to both stays', () => {
    const { computer } = replay(recorded('own-address-is-2', 'run-1'));
    expect(computer.address).toBe('2001:db8:1:2::2');
    expect(computer.partitions.map(({ addresses }) => addresses[1]?.addr)).toEqual([
      '2001:db8:1:2::4',
      '2001:db8:1:2::3',
    ]);
    expect(replay(recorded('high-own-address', 'run-2')).computer.address).toBe('2001:db8:1:2::ffff');
  });

  it('only the partition whose address was stolen gets another one', () => {
    const run = recorded('address-stolen', 'run-2');
    const { computer, warnings } = replay(run);
    const before = partitionsOf(recorded('address-stolen', 'run-1'));
    const after = computer.partitions.map(({ addresses }) => addresses.map(({ addr }) => addr));
    expect(after[1]).toEqual(before[1]?.address_list.map(({ addr }) => addr));
    expect(after[0]?.[0]).toBe(before[0]?.address_list[0]?.addr);
    expect(after[0]?.[1]).toBe('2001:db8:1:2::4');
    expect(warnings).toContain('The address of a partition cannot be had: another is taken');
  });

  it('IPv4 addresses stay on their own interface', () => {
    const run = recorded('separate-ipv6-interface', 'run-2');
    const { computer, steps } = replay(run);
    expect(computer.partitions.map(({ addresses }) => addresses.map(({ addr }) => addr))).toEqual(
      partitionsOf(recorded('separate-ipv6-interface', 'run-1')).map(({ address_list: list }) =>
        list.map(({ addr }) => addr),
      ),
    );
    for (const { change } of steps)
      if (change.kind === 'addAddress') expect(change.link).toBe(change.address.includes(':') ? 'gw0' : 'br0');
  });

  it('tuns do not overlap when there are more of them', () => {
    const { computer } = replay(recorded('tun-growth', 'run-2'));
    const [first, second, third] = computer.partitions.map(({ tun }) => tun?.ipv4Network);
    const before = partitionsOf(recorded('tun-growth', 'run-1')).map(({ tun }) => tun?.['ipv4_network']);
    expect([first, second]).toEqual(before);
    expect(third).toBe('172.28.0.1/255.252.0.0');
  });
});

describe('files', () => {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

  it.each(runs.filter(({ state }) => state !== undefined).map((run) => [nameOf(run), run] as const))(
    'are written byte for byte as the reference does: %s',
    (_, run) => {
      expect(sha256(renderStateDocument(run.state ?? {}))).toBe(run.documentSha256);
      const [partition = {}] = run.state?.partition_list ?? [];
      if (run.resourceSha256 !== undefined) expect(sha256(renderSortedJson(partition, 4))).toBe(run.resourceSha256);
    },
  );
});
