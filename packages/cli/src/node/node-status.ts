import { PROCESS_STATES, type ProcessInfo, selectProcesses, STOPPED_STATES, type Supervisor } from '@slapos/supervisor';
import type { Column } from '../output/render-result.js';

/** Which services are shown. */
export interface StatusSelection {
  /** `group:process`, `group:*`, `all`; empty: all. */
  readonly names: readonly string[];
  /** Only those of this partition, its managers' included. */
  readonly partition?: string | undefined;
  /** Only those that gave up, or ended with a failure. */
  readonly failed?: boolean | undefined;
}

/** The services of a node, at one instant. */
export interface NodeStatus {
  /** Whether a supervisor answers; without one nothing else is known. */
  readonly supervisor: 'running' | 'absent';
  readonly services: readonly ProcessInfo[];
  /** A line for each name that stands for nothing. */
  readonly complaints: readonly string[];
}

/** What `--columns` of `node status` chooses from. */
export const STATUS_COLUMNS: readonly Column<ProcessInfo>[] = [
  { name: 'partition', value: ({ group }) => group },
  { name: 'service', value: ({ name }) => name },
  { name: 'state', value: ({ stateName }) => stateName },
  { name: 'pid', value: ({ pid }) => (pid === 0 ? undefined : pid) },
  { name: 'since', value: (info) => isoTime(RUNS.has(info.state) ? info.startedAt : info.stoppedAt) },
  {
    name: 'exit',
    value: (info) => (STOPPED_STATES.has(info.state) && info.stoppedAt > 0 ? info.exitStatus : undefined),
  },
  { name: 'description', value: ({ description }) => description },
];

const MILLISECONDS = 1000;
const RUNS: ReadonlySet<number> = new Set([PROCESS_STATES.RUNNING, PROCESS_STATES.STARTING, PROCESS_STATES.STOPPING]);
const STATUS_STOPPED = 3;
const STATUS_UNKNOWN = 4;

/** Looks at the services; starts nothing. */
export async function readNodeStatus(supervisor: Supervisor, selection: StatusSelection): Promise<NodeStatus> {
  if (!(await supervisor.isRunning())) return { supervisor: 'absent', services: [], complaints: [] };
  const complaints: string[] = [];
  const named = selectProcesses(await supervisor.allProcessInfo(), selection.names, (text) => complaints.push(text));
  const services = named.filter(
    (info) => isOfPartition(info, selection.partition) && (selection.failed !== true || hasFailed(info)),
  );
  return { supervisor: 'running', services, complaints };
}

/** The exit status that supervisorctl would end with (spec: supervisor §8). */
export function exitStatusOf({ supervisor, services, complaints }: NodeStatus): number {
  if (services.some(({ state }) => STOPPED_STATES.has(state))) return STATUS_STOPPED;
  return supervisor === 'absent' || complaints.length > 0 ? STATUS_UNKNOWN : 0;
}

/** A service in a document: states by name, instants as ISO 8601. */
export function documentOf(info: ProcessInfo): Readonly<Record<string, unknown>> {
  return {
    partition: info.group,
    service: info.name,
    state: info.stateName,
    pid: info.pid === 0 ? null : info.pid,
    startedAt: isoTime(info.startedAt) ?? null,
    stoppedAt: isoTime(info.stoppedAt) ?? null,
    exitStatus: STOPPED_STATES.has(info.state) && info.stoppedAt > 0 ? info.exitStatus : null,
    error: info.spawnError === '' ? null : info.spawnError,
    description: info.description,
    stdoutLogFile: info.stdoutLogFile === '' ? null : info.stdoutLogFile,
    stderrLogFile: info.stderrLogFile === '' ? null : info.stderrLogFile,
  };
}

/** Equal for two looks between which nothing happened: an uptime that grows is nothing. */
export function fingerprintOf({ supervisor, services }: NodeStatus): string {
  return JSON.stringify([supervisor, services.map(({ description: _, ...facts }) => facts)]);
}

/** Whether a service belongs to a partition, its managers' included; to `undefined` belong all. */
export function isOfPartition({ group }: ProcessInfo, partition: string | undefined): boolean {
  return partition === undefined || group === partition || group.startsWith(`${partition}-`);
}

/** Whether a service gave up, or ended with a failure. */
export function hasFailed({ state, exitStatus }: ProcessInfo): boolean {
  const hasGivenUp =
    state === PROCESS_STATES.FATAL || state === PROCESS_STATES.BACKOFF || state === PROCESS_STATES.UNKNOWN;
  return hasGivenUp || (state === PROCESS_STATES.EXITED && exitStatus !== 0);
}

function isoTime(seconds: number): string | undefined {
  return seconds === 0 ? undefined : new Date(seconds * MILLISECONDS).toISOString();
}
