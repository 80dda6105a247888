import { realpathSync, statSync } from 'node:fs';

import { type BlockDevice, giveBlockDevice } from '@slapos/host';
import { z } from 'zod';

import { defineManager, type ManagerContext } from '../contract/manager.js';
import { readRequestList } from '../contract/request-file.js';
import { StateFile } from '../contract/state-file.js';
import type { ManagedPartition } from '../contract/subjects.js';

const REQUEST = '.slapos-disk-permission';
const DISK_GROUP = 'disk';
const GIVEN_TYPES = new Set(['disk', 'part']);

const optionsSchema = z.strictObject({
  /** Paths of the disks that may be given away, one in a line. Without it none may. */
  'allowed-disk-for-vm': z
    .string()
    .default('')
    .transform((text) =>
      text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== ''),
    ),
});
const entrySchema = z.object({ disk: z.string() });
/** Which partition has a device, by its path. */
const stateSchema = z.record(z.string(), z.object({ partitionId: z.string(), device: z.string() }));
type Given = z.output<typeof stateSchema>;

/** Gives disks to the users of partitions, and takes them back. (spec: managers §5, security S6) */
export const devpermManager = defineManager<z.output<typeof optionsSchema>>({
  name: 'devperm',
  options: optionsSchema,
  create: (options, context) => {
    const state = new StateFile(context.stateDirectory, 'disks.json', stateSchema, {});
    const settle = async (partition: ManagedPartition): Promise<void> => {
      const wanted = await wantedDisks(partition, options['allowed-disk-for-vm'], context);
      if (wanted === undefined) return;
      await state.update((given) => transfer(partition, wanted, given, context));
    };
    return {
      instance: settle,
      instanceTearDown: settle,
      report: (partition) => state.update((given) => transfer(partition, [], given, context)),
    };
  },
});

/** The devices that the partition asks for and may have; `undefined` when nobody can tell what it asks for. */
async function wantedDisks(
  partition: ManagedPartition,
  allowed: readonly string[],
  { host }: ManagerContext,
): Promise<BlockDevice[] | undefined> {
  const { logger } = partition;
  if (partition.requestedState === 'destroyed') return [];
  const list = await readRequestList(partition, REQUEST);
  if (list === 'invalid') return undefined;
  if (list === 'absent' || list.length === 0) return [];
  const devices = await host.disks.blockDevices();
  const wanted: BlockDevice[] = [];
  for (const item of list) {
    const entry = entrySchema.safeParse(item);
    if (!entry.success) {
      logger.warn('An entry of the requested disks names no disk', { entry: item });
      continue;
    }
    const file = resolved(entry.data.disk);
    const refusal = refusalOf(file, allowed, devices);
    const device = devices.find(({ path }) => path === file);
    if (refusal === undefined && device !== undefined) wanted.push(device);
    else logger.warn('A disk is not given to the partition', { disk: entry.data.disk, reason: refusal });
  }
  return wanted;
}

function resolved(disk: string): string {
  try {
    return realpathSync(disk);
  } catch {
    return disk;
  }
}

function refusalOf(file: string, allowed: readonly string[], devices: readonly BlockDevice[]): string | undefined {
  if (!allowed.includes(file)) return 'it is not in allowed-disk-for-vm of [manager:devperm]';
  const device = devices.find(({ path }) => path === file);
  if (device === undefined || !GIVEN_TYPES.has(device.type)) return 'it is neither a disk nor a part of one';
  const family = devices.filter(({ path, parentPath }) => path === file || parentPath === file);
  const inUse = family.find(({ mountPoints }) => mountPoints.length > 0);
  return inUse === undefined ? undefined : `${inUse.path} is in use: ${inUse.mountPoints.join(', ')}`;
}

/** Gives what is wanted, takes back what is not, and says who has what afterwards. */
async function transfer(
  { partitionId, owner, userName, logger }: ManagedPartition,
  wanted: readonly BlockDevice[],
  given: Given,
  { host }: ManagerContext,
): Promise<Given> {
  const after = new Map(Object.entries(given));
  const diskGid = (await host.users.groupByName(DISK_GROUP))?.gid ?? 0;
  for (const [file, { partitionId: holder, device }] of Object.entries(given)) {
    if (holder !== partitionId || wanted.some(({ path }) => path === file)) continue;
    logger.warn(`take back ${file} from ${userName}`);
    // A disk that was unplugged needs no owner.
    if (resolved(file) === file && statSync(file, { throwIfNoEntry: false }) !== undefined)
      giveBlockDevice(file, { device, uid: 0, gid: diskGid });
    after.delete(file);
  }
  for (const { path: file, device } of wanted) {
    const holder = after.get(file)?.partitionId;
    if (holder !== undefined && holder !== partitionId) {
      logger.warn('A disk is not given to the partition', { disk: file, reason: `${holder} has it` });
      continue;
    }
    after.set(file, { partitionId, device });
    if (statSync(file).uid === owner.uid) continue;
    logger.warn(`transfer ownership of ${file} to ${userName}`);
    giveBlockDevice(file, { device, uid: owner.uid, gid: diskGid });
  }
  return Object.fromEntries(after);
}
