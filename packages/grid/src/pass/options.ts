import path from 'node:path';

import type { NetworkCacheParameters } from '../buildout/software-profile.js';
import type { FirewallPrograms } from '../structure/firewall-programs.js';
import { GridError } from '../errors.js';
import type { FirewallOptions } from '../firewall/partition-firewall.js';
import type { PromiseRules } from '../promises/promise-runner.js';
import type { InstancePlanOptions } from '../partition/plan.js';
import type { SoftwarePlanOptions } from '../software/plan.js';

/** What all passes must know of the node. */
export interface NodeOptions {
  readonly computerId: string;
  readonly masterUrl: string;
  /** Absolute; exists. */
  readonly softwareRoot: string;
  /** Absolute; exists. */
  readonly instanceRoot: string;
  /** Folder of the partitions' certificates; absent: partitions have none. */
  readonly certificateRepositoryPath?: string;
  /** Folders of shared builds; only the last one is written to. */
  readonly sharedPartList?: readonly string[];
  /** Folders of parts that are only needed while building. */
  readonly buildTimePartList?: readonly string[];
  /** The program that bootstraps a buildout; absent: `buildout` in the usual folders. */
  readonly buildoutProgram?: string;
  /** Run buildout with `-D`, on our terminal, one build at a time. */
  readonly buildoutDebug?: boolean;
  /** Command line of `slapos-watchdog`, which supervisord starts; absent: there is none. */
  readonly watchdogProgram?: string;
  /** The firewall and its bus, when supervisord is to run them. */
  readonly firewallPrograms?: FirewallPrograms;
}

/** Options of the software pass. (spec: grid 2.3, 5) */
export interface SoftwarePassOptions extends NodeOptions, SoftwarePlanOptions {
  /** Smallest space that a build needs. Default 1000 MB; 0: not checked. */
  readonly minimumFreeBytes?: bigint;
  /** How many releases at a time. Default 1: they may build the same shared parts. */
  readonly jobs?: number;
  /**
   * Whether the master may name releases by a path of this machine. Default: only when we are not root, since the build would
   * show the operator's files to whoever reads its messages. (spec: security S29)
   */
  readonly allowLocalSoftware?: boolean;
  /** Beginnings of URLs that are built here even if the binary cache has them. */
  readonly neverDownloadPrefixes?: readonly string[];
  /** Beginnings of URLs that may not be built here: the binary cache has them, or the release fails. */
  readonly mustDownloadPrefixes?: readonly string[];
  /** Beginnings of URLs that are not given to the binary cache. */
  readonly neverUploadPrefixes?: readonly string[];
  readonly networkCache?: NetworkCacheParameters;
}

/** Options of the instance pass. (spec: grid 2.3, 7) */
export interface InstancePassOptions extends NodeOptions, Omit<InstancePlanOptions, 'maximumPeriodicitySeconds'> {
  /** Default 86400. */
  readonly maximumPeriodicitySeconds?: number;
  /** For one promise. Default 20. */
  readonly promiseTimeoutSeconds?: number;
  /** How promises are run and judged beyond what the original does. */
  readonly promiseRules?: PromiseRules;
  /** For the buildout of one partition. Default: none. */
  readonly partitionTimeoutSeconds?: number;
  /** Smallest space that a partition needs. Default 1000 MB; 0: not checked. */
  readonly minimumFreeBytes?: bigint;
  /** Absolute; absent: none. */
  readonly instanceStorageHome?: string;
  readonly ipv4GlobalNetwork?: string;
  /** Do not start supervisord. */
  readonly forbidSupervisordAutomaticLaunch?: boolean;
  /** Absent: nothing is done about the firewall. */
  readonly firewall?: FirewallOptions;
  /** How many partitions at a time. Default: the number of processors. */
  readonly jobs?: number;
}

/** `1000M`. (spec: grid 2.3) */
export const DEFAULT_MINIMUM_FREE_BYTES = 1000n * 1024n * 1024n;
/** A day. (spec: grid 2.3) */
export const DEFAULT_MAXIMUM_PERIODICITY_SECONDS = 86_400;
/** (spec: grid 2.3) */
export const DEFAULT_PROMISE_TIMEOUT_SECONDS = 20;

/**
 * Refuses options that no configuration file should have let through.
 * @throws GridError `GRID_INVALID_OPTIONS`.
 */
export function checkNodeOptions(options: NodeOptions): void {
  for (const [key, value] of [
    ['software_root', options.softwareRoot],
    ['instance_root', options.instanceRoot],
    ['certificate_repository_path', options.certificateRepositoryPath ?? '/'],
  ] as const) {
    if (!path.isAbsolute(value)) {
      throw new GridError('GRID_INVALID_OPTIONS', `${key} is not an absolute path: ${JSON.stringify(value)}`);
    }
  }
  for (const [key, value] of [
    ['computer_id', options.computerId],
    ['master_url', options.masterUrl],
  ] as const) {
    if (value === '') throw new GridError('GRID_INVALID_OPTIONS', `${key} is empty`);
  }
}
