import type { Logger } from '@slapos/host';
import type { PartitionInformation } from '@slapos/slap';
import { z } from 'zod';

import { openState, readState } from './offline-state.js';
import { PARTITION_ID } from './plan.js';

const FILE = 'told-status.json';
const FILE_MODE = 0o600;

const statusSchema = z.enum(['well', 'failing']);
const fileSchema = z.object({
  masterUrl: z.string(),
  partitions: z.record(z.string().regex(PARTITION_ID), statusSchema),
});

/** What is known of a partition at the master: that its promises pass, or that one fails. */
export type KnownStatus = z.output<typeof statusSchema>;

/**
 * What the master knows of the partitions that are up to date. Most masters say it themselves; some (the mini-master, for one) never
 * do, and to say it again in every pass would be one call for each partition. So what such a master was told last is remembered on
 * the disk. It may be lost at any time: then the master is told once more. (spec: grid 9.4)
 */
export class ToldStatus {
  readonly #instanceRoot: string;
  readonly #masterUrl: string;
  readonly #told: Map<string, KnownStatus>;
  #changed = false;

  private constructor(instanceRoot: string, masterUrl: string, told: Map<string, KnownStatus>) {
    this.#instanceRoot = instanceRoot;
    this.#masterUrl = masterUrl;
    this.#told = told;
  }

  /** Reads what is remembered, if there is any of these partitions of which the master does not say it. Another master was told nothing. */
  static async open(
    options: { readonly instanceRoot: string; readonly masterUrl: string },
    partitions: readonly PartitionInformation[],
    logger: Logger,
  ): Promise<ToldStatus> {
    const { instanceRoot, masterUrl } = options;
    const silent = new Set(partitions.filter(isStatusSilent).map(({ partitionId }) => partitionId));
    if (silent.size === 0) return new ToldStatus(instanceRoot, masterUrl, new Map());
    await using folder = await openState(instanceRoot);
    const file = await readState(folder, FILE, fileSchema, logger);
    const told = file?.masterUrl === masterUrl ? Object.entries(file.partitions) : [];
    return new ToldStatus(instanceRoot, masterUrl, new Map(told.filter(([partitionId]) => silent.has(partitionId))));
  }

  /** What the master knows; `undefined` when nobody can say. */
  known(partition: PartitionInformation): KnownStatus | undefined {
    const { partitionId, accessStatus } = partition;
    if (accessStatus === undefined) return this.#told.get(partitionId);
    return accessStatus.startsWith('#error') ? 'failing' : 'well';
  }

  /** The master was told, and took it. */
  note(partition: PartitionInformation, status: KnownStatus): void {
    if (!isStatusSilent(partition) || this.#told.get(partition.partitionId) === status) return;
    this.#told.set(partition.partitionId, status);
    this.#changed = true;
  }

  /** The partition becomes something else: whatever was said of it is about the past. */
  forget(partitionId: string): void {
    if (this.#told.delete(partitionId)) this.#changed = true;
  }

  /** Remembers it for the next pass. */
  async save(): Promise<void> {
    if (!this.#changed) return;
    await using folder = await openState(this.#instanceRoot);
    const content: z.output<typeof fileSchema> = {
      masterUrl: this.#masterUrl,
      partitions: Object.fromEntries(this.#told),
    };
    await folder.writeAtomicIfDifferent(FILE, JSON.stringify(content), { mode: FILE_MODE });
    this.#changed = false;
  }
}

function isStatusSilent({ accessStatus }: PartitionInformation): boolean {
  return accessStatus === undefined;
}
