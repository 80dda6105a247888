import type { MarshalValue } from '@slapos/slap';
import { z } from 'zod';

import { formatComputer } from '../allocation/format-computer.js';
import { requestInstance } from '../allocation/request-instance.js';
import { requestSharedInstance } from '../allocation/request-shared-instance.js';
import { supplySoftware } from '../allocation/supply.js';
import { checkOptions } from '../configuration/check-options.js';
import type { ProxyContext } from '../context.js';

const DEFAULT_IPV4 = '127.0.0.1';
const DEFAULT_IPV6 = '::1';
const IPV4_NETMASK = '255.255.255.255';
const IPV6_NETMASK = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';

/** What a proxy is to hold before a test begins. */
export interface Seed {
  /** Computers by id, formatted with partitions `slappart0`, `slappart1`, … */
  readonly computers?: Readonly<Record<string, SeedComputer>>;
  /** Software Releases that computers are supplied with. */
  readonly software?: readonly SeedSoftware[];
  /** Instances of the user, requested in this order. */
  readonly instances?: readonly SeedInstance[];
}

export interface SeedComputer {
  readonly partitions: number;
  /** Addresses of all its partitions; default `127.0.0.1` and `::1`. */
  readonly ipv4?: string;
  readonly ipv6?: string;
}

export interface SeedSoftware {
  readonly softwareReleaseUrl: string;
  /** Default: the proxy's own computer. */
  readonly computerId?: string;
  /** Default `available`. */
  readonly requestedState?: 'available' | 'destroyed';
}

export interface SeedInstance {
  readonly partitionReference: string;
  readonly softwareReleaseUrl: string;
  /** Default `default`. */
  readonly softwareType?: string;
  readonly parameters?: Readonly<Record<string, MarshalValue>>;
  /** Default: the proxy's own computer. */
  readonly computerId?: string;
  /** Default `started`. */
  readonly requestedState?: string;
  readonly shared?: boolean;
}

const text = z.string().min(1);
const seedSchema = z.strictObject({
  computers: z
    .record(text, z.strictObject({ partitions: z.int().nonnegative(), ipv4: text.optional(), ipv6: text.optional() }))
    .optional(),
  software: z
    .array(
      z.strictObject({
        softwareReleaseUrl: text,
        computerId: text.optional(),
        requestedState: z.enum(['available', 'destroyed']).optional(),
      }),
    )
    .optional(),
  instances: z
    .array(
      z.strictObject({
        partitionReference: text,
        softwareReleaseUrl: text,
        softwareType: z.string().optional(),
        parameters: z.record(z.string(), z.unknown()).optional(),
        computerId: text.optional(),
        requestedState: text.optional(),
        shared: z.boolean().optional(),
      }),
    )
    .optional(),
});

/** Fills a proxy as clients would, in one transaction; can be called again for more. */
export async function seedProxy(seed: Seed, { store, options, allocation, logger }: ProxyContext): Promise<void> {
  checkOptions(seedSchema, seed, 'The proxy cannot be seeded with this');
  const { computerId: ownComputerId } = options;
  await store.write(async (writer) => {
    for (const [computerId, { partitions, ipv4 = DEFAULT_IPV4, ipv6 = DEFAULT_IPV6 }] of Object.entries(
      seed.computers ?? {},
    )) {
      const description = Array.from({ length: partitions }, (_, index) => ({
        partitionId: `slappart${index}`,
        interfaceName: '',
        addresses: [
          { address: ipv4, netmask: IPV4_NETMASK },
          { address: ipv6, netmask: IPV6_NETMASK },
        ],
      }));
      await formatComputer(
        writer,
        { computerId, address: ipv4, netmask: IPV4_NETMASK, partitions: description },
        logger,
      );
    }
    for (const { softwareReleaseUrl: url, computerId = ownComputerId, requestedState = 'available' } of seed.software ??
      []) {
      await supplySoftware(writer, { url, computerId, requestedState });
    }
    for (const instance of seed.instances ?? []) {
      const request = {
        requester: undefined,
        name: instance.partitionReference,
        softwareReleaseUrl: instance.softwareReleaseUrl,
        softwareType: instance.softwareType ?? 'default',
        parameters: new Map(Object.entries(instance.parameters ?? {})),
        filter: new Map<string, MarshalValue>([['computer_guid', instance.computerId ?? ownComputerId]]),
        requestedState: instance.requestedState ?? null,
        shared: instance.shared ?? false,
      };
      await (request.shared
        ? requestSharedInstance(writer, request, allocation)
        : requestInstance(writer, request, allocation));
    }
  });
}
