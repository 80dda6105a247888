import { isIP } from 'node:net';

import { findProgram } from '@slapos/host';
import { z } from 'zod';

import { defineManager } from '../contract/manager.js';
import { readRequestList } from '../contract/request-file.js';
import { StateFile } from '../contract/state-file.js';
import type { ManagedPartition } from '../contract/subjects.js';

const REQUEST = '.slapos-port-redirect';
const SUFFIX = 'socat';
const FIRST_ORDINARY_PORT = 1024;
const LAST_PORT = 65_535;

const port = z.coerce.number<number | string>().int().min(1).max(LAST_PORT);
const ports = z
  .string()
  .default('')
  .transform((text): (number | string)[] => text.split(/[\s,]+/).filter((word) => word !== ''))
  .pipe(z.array(port));

const optionsSchema = z.strictObject({
  /** Ports below 1024 that partitions may have; socat then runs as root. */
  'allowed-privileged-ports': ports,
  /** Ports that no partition may have, such as those of the machine's own services. */
  'refused-ports': ports,
  /** Where socat is. */
  socat: z.string().startsWith('/', 'expected an absolute path').optional(),
});
type Options = z.output<typeof optionsSchema>;

const address = z.string().refine((text) => isIP(text) !== 0, 'expected an IP address');
const entrySchema = z.object({
  type: z
    .string()
    .default('tcp')
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(['tcp', 'udp'])),
  srcPort: port,
  srcAddress: address.optional(),
  destPort: port,
  destAddress: address.optional(),
});
type Redirection = z.output<typeof entrySchema> & { readonly destAddress: string };

/** Which partition has a port of the machine, by `tcp:8080`. */
const stateSchema = z.record(z.string(), z.string());

/** Redirects ports of the machine to partitions, by socat. (spec: managers §6, security S26) */
export const portredirManager = defineManager<Options>({
  name: 'portredir',
  options: optionsSchema,
  create: (options, { host, stateDirectory }) => {
    const state = new StateFile(stateDirectory, 'ports.json', stateSchema, {});
    const apply = async (partition: ManagedPartition, wanted: readonly Redirection[]): Promise<void> => {
      let granted: readonly Redirection[] = [];
      await state.update((holders) => {
        granted = wanted.filter((redirection) => isFree(redirection, holders, partition));
        const others = Object.entries(holders).filter(([, holder]) => holder !== partition.partitionId);
        return Object.fromEntries([...others, ...granted.map((one) => [keyOf(one), partition.partitionId] as const)]);
      });
      const [first] = granted;
      const socat = first === undefined ? '' : (options.socat ?? (await findSocat(host.isRoot)));
      await partition.services.setGroup(
        SUFFIX,
        granted.map((redirection) => ({
          id: programId(redirection),
          command: [socat, ...socatArguments(redirection)],
          asRoot: redirection.srcPort < FIRST_ORDINARY_PORT,
        })),
      );
      for (const redirection of granted) await partition.services.startOnce(SUFFIX, programId(redirection));
    };
    return {
      async instanceTearDown(partition) {
        if (partition.requestedState === 'destroyed') return apply(partition, []);
        const list = await readRequestList(partition, REQUEST);
        if (list === 'invalid') return;
        await apply(partition, list === 'absent' ? [] : readRedirections(list, partition, options));
      },
      report: (partition) => apply(partition, []),
    };
  },
});

async function findSocat(isRoot: boolean): Promise<string> {
  return findProgram('socat', { mustBeTrusted: isRoot, uid: process.geteuid?.() ?? 0 });
}

function readRedirections(list: readonly unknown[], partition: ManagedPartition, options: Options): Redirection[] {
  const { logger, addresses } = partition;
  const byKey = new Map<string, Redirection>();
  for (const item of list) {
    const entry = entrySchema.safeParse(item);
    if (!entry.success) {
      const [issue] = entry.error.issues;
      const reason = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
      logger.warn('A port is not redirected', { entry: item, reason });
      continue;
    }
    const destAddress = entry.data.destAddress ?? addresses.find((one) => isIP(one) === 6);
    const { srcPort } = entry.data;
    const isForbidden = srcPort < FIRST_ORDINARY_PORT && !options['allowed-privileged-ports'].includes(srcPort);
    if (destAddress === undefined) {
      logger.warn('A port is not redirected', { entry: item, reason: 'the partition has no IPv6 address' });
    } else if (isForbidden || options['refused-ports'].includes(srcPort)) {
      logger.warn('A port is not redirected', {
        entry: item,
        reason: `port ${String(srcPort)} is not open to partitions: see [manager:portredir]`,
      });
    } else {
      // Of entries for one port the last one holds.
      byKey.set(keyOf(entry.data), { ...entry.data, destAddress });
    }
  }
  return [...byKey.values()];
}

function isFree(
  redirection: Redirection,
  holders: Readonly<Record<string, string>>,
  partition: ManagedPartition,
): boolean {
  const holder = holders[keyOf(redirection)];
  if (holder === undefined || holder === partition.partitionId) return true;
  partition.logger.warn('A port is not redirected', { port: keyOf(redirection), reason: `${holder} has it` });
  return false;
}

function keyOf({ type, srcPort }: Pick<Redirection, 'type' | 'srcPort'>): string {
  return `${type}:${String(srcPort)}`;
}

function programId({ type, srcPort }: Redirection): string {
  return `socat-${type}-${String(srcPort)}`;
}

function socatArguments({ type, srcPort, srcAddress, destPort, destAddress }: Redirection): string[] {
  const protocol = type.toUpperCase();
  const bind = srcAddress === undefined ? '' : `,bind=${bracketed(srcAddress)}`;
  return [
    `${protocol}${String(srcAddress === undefined ? 4 : isIP(srcAddress))}-LISTEN:${String(srcPort)}${bind},fork`,
    `${protocol}${String(isIP(destAddress))}:${bracketed(destAddress)}:${String(destPort)}`,
  ];
}

function bracketed(ip: string): string {
  return isIP(ip) === 6 ? `[${ip}]` : ip;
}
