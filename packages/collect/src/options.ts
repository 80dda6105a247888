import path from 'node:path';

import { z } from 'zod';

/** Days that rows are kept. */
const DEFAULT_KEPT_DAYS = 15;
const DEFAULT_FOLDER_CYCLE_S = 86_400;
const YES = new Set(['true', 'on', '1', 'yes']);
const NO = new Set(['false', 'off', '0', 'no']);
const CONTROL_CHARACTERS = /\p{Cc}/u;

const flag = z.string().transform((text, context) => {
  const word = text.trim().toLowerCase();
  if (YES.has(word)) return true;
  if (NO.has(word)) return false;
  context.addIssue({ code: 'custom', message: `expected true or false, got ${JSON.stringify(text)}` });
  return z.NEVER;
});

const count = z.string().transform((text, context) => {
  const trimmed = text.trim();
  if (/^\d{1,9}$/.test(trimmed)) return Number(trimmed);
  context.addIssue({ code: 'custom', message: `expected a number of at least 0, got ${JSON.stringify(text)}` });
  return z.NEVER;
});

const name = z
  .string()
  .trim()
  .min(1)
  .refine((text) => !CONTROL_CHARACTERS.test(text) && !text.includes('/') && text !== '.' && text !== '..', {
    message: 'expected a name, without slashes',
  });

const folder = z
  .string()
  .trim()
  .refine((text) => path.isAbsolute(text), { message: 'expected an absolute path' });

/**
 * The keys of `[slapos]`, `[slapformat]` and `[collect]` that metering reads, as texts. The short keys of the example file are
 * taken too; the long ones win. (spec: collect §1)
 */
export const collectSectionSchema = z.object({
  instance_root: folder,
  computer_id: name,
  partition_amount: count,
  user_base_name: name,
  partition_base_name: name,
  collect_cache: count.optional(),
  computer_model_id: z.string().trim().optional(),
  heating_sensor_id: z.string().trim().optional(),
  report_disk_usage: flag.optional(),
  disk_snapshot_time_cycle: count.optional(),
  disk_snapshot_process_pid_foder: folder.optional(),
  disk_snapshot_process_pid_folder: folder.optional(),
  disk_snapshot_use_quota: flag.optional(),
  enable: flag.optional(),
  time_cycle: count.optional(),
  pid_folder: folder.optional(),
  use_quota: flag.optional(),
});

export type CollectSection = z.output<typeof collectSectionSchema>;

/** A user whose processes and folder are measured. */
export interface MeteredUser {
  readonly userName: string;
  /** Folder of its partition. */
  readonly folder: string;
}

/** What is measured, and how long it is kept. */
export interface CollectOptions {
  readonly instanceRoot: string;
  readonly computerId: string;
  readonly users: readonly MeteredUser[];
  /** Days that rows which were dumped stay in the database, today included. */
  readonly keptDays: number;
  /** Measure folders of partitions. */
  readonly measuresFolders: boolean;
  /** Seconds between two measurements of one folder; 0: in each run. */
  readonly folderCycleSeconds: number;
  /** Where it stands which user's folder is being measured. */
  readonly pidFolder: string;
  /** Ask the quota of the file system before walking a folder. */
  readonly usesQuota: boolean;
  /** Model of the machine, for the heating test. */
  readonly computerModelId: string;
  /** Enables the heating test with this sensor. */
  readonly heatingSensorId: string | undefined;
  /** Also write today's series as JSON. Default false. */
  readonly writesJson?: boolean;
}

export function collectOptionsFromSection(section: CollectSection): CollectOptions {
  const { instance_root: instanceRoot } = section;
  const sensor = section.heating_sensor_id;
  return {
    instanceRoot,
    computerId: section.computer_id,
    users: Array.from({ length: section.partition_amount }, (_, index) => ({
      userName: `${section.user_base_name}${String(index)}`,
      folder: path.join(instanceRoot, `${section.partition_base_name}${String(index)}`),
    })),
    keptDays: section.collect_cache ?? DEFAULT_KEPT_DAYS,
    measuresFolders: section.report_disk_usage ?? section.enable ?? true,
    folderCycleSeconds: section.disk_snapshot_time_cycle ?? section.time_cycle ?? DEFAULT_FOLDER_CYCLE_S,
    pidFolder:
      section.disk_snapshot_process_pid_folder ??
      section.disk_snapshot_process_pid_foder ??
      section.pid_folder ??
      path.join(instanceRoot, 'var', 'run'),
    usesQuota: section.disk_snapshot_use_quota ?? section.use_quota ?? false,
    computerModelId: section.computer_model_id ?? 'no_model',
    heatingSensorId: sensor === undefined || sensor === '' ? undefined : sensor,
  };
}

/** `instance_root/var/data-log`, where the database is. */
export function dataLogFolder(instanceRoot: string): string {
  return path.join(instanceRoot, 'var', 'data-log');
}
