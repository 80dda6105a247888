import { stat, statfs } from 'node:fs/promises';
import { loadavg } from 'node:os';
import path from 'node:path';
import { type LastTarget, readLastTarget } from '@slapos/grid';
import type { Logger } from '@slapos/host';
import { PROCESS_STATES, type ProcessInfo } from '@slapos/supervisor';
import { hasFailed, isOfPartition, type NodeStatus } from '../node/node-status.js';
import { partitionsOnDisk } from '../node-logs/find-sources.js';
import type { PassState } from '../pass-outputs/pass-state.js';
import type { Dashboard, LastRun, PartitionState } from './dashboard.js';
import { lastProcessing, readLastRuns } from './last-runs.js';
import { readPromiseState } from './promise-state.js';
import { readReleases } from './releases.js';

const RUNNING: ReadonlySet<number> = new Set([PROCESS_STATES.RUNNING, PROCESS_STATES.STARTING]);

/** What the dashboard is read from. */
export interface DashboardQuery {
  readonly instanceRoot: string;
  readonly softwareRoot: string | undefined;
  readonly computerId: string | undefined;
  /** Only this partition. */
  readonly partition: string | undefined;
  /** Only partitions in which something fails. */
  readonly failed: boolean;
}

/** Reads what the machine's own files and its supervisor tell; needs no lock, and asks no master. */
export async function readDashboard(
  { instanceRoot, softwareRoot, computerId, partition, failed }: DashboardQuery,
  status: NodeStatus & { readonly pass: PassState | undefined },
  logger: Logger,
): Promise<Omit<Dashboard, 'master'>> {
  const target = await readLastTarget(instanceRoot, logger);
  const wanted = target && new Map(target.map((one) => [one.partitionId, one]));
  const lastRuns = await readLastRuns(instanceRoot);
  const names = (await partitionsOnDisk(instanceRoot)).filter((name) => partition === undefined || name === partition);
  const partitions: PartitionState[] = [];
  for (const name of names) {
    const root = path.join(instanceRoot, name);
    partitions.push(await partitionState(name, root, { wanted, status, lastRun: lastRuns.get(name) }, logger));
  }
  const { bavail, blocks } = await statfs(instanceRoot);
  return {
    computerId,
    diskUsed: blocks === 0 ? 0 : 1 - bavail / blocks,
    load: loadavg()[0] ?? 0,
    pass: status.pass,
    partitions: failed ? partitions.filter(isInTrouble) : partitions,
    releases: await readReleases(softwareRoot, status.pass),
  };
}

interface PartitionFacts {
  readonly wanted: ReadonlyMap<string, LastTarget> | undefined;
  readonly status: NodeStatus;
  readonly lastRun: LastRun | undefined;
}

async function partitionState(
  partition: string,
  root: string,
  { wanted, status, lastRun }: PartitionFacts,
  logger: Logger,
): Promise<PartitionState> {
  const target = wanted?.get(partition);
  const isBusy = target !== undefined || (await isInstalled(root));
  return {
    partition,
    instance: target?.instanceTitle,
    type: target?.softwareType,
    state: isBusy ? (target?.requestedState ?? 'unknown') : 'free',
    services: status.supervisor === 'absent' ? undefined : servicesOf(status.services, partition),
    promises: isBusy ? await readPromiseState(root, logger) : { all: 0, failing: [] },
    lastRun: isBusy ? (lastRun ?? (await lastProcessing(root))) : undefined,
  };
}

function servicesOf(services: readonly ProcessInfo[], partition: string): PartitionState['services'] {
  const own = services.filter((info) => isOfPartition(info, partition));
  return {
    running: own.filter(({ state }) => RUNNING.has(state)).length,
    all: own.length,
    failed: own.filter(hasFailed),
  };
}

/** The profile of an instance is written when there is one, and removed with it. */
async function isInstalled(root: string): Promise<boolean> {
  return stat(path.join(root, 'buildout.cfg')).then(
    () => true,
    () => false,
  );
}

function isInTrouble({ services, promises, lastRun }: PartitionState): boolean {
  return (services?.failed.length ?? 0) > 0 || promises.failing.length > 0 || lastRun?.outcome === 'failed';
}
