import { silentLogger } from '@slapos/host';
import { z } from 'zod';

import { defineManager, type ManagerContext } from '../contract/manager.js';
import { StateFile } from '../contract/state-file.js';
import type { ManagedPartition } from '../contract/subjects.js';
import { type GroupCounters, openPartitionGroups, type PartitionGroups } from './cgroup-groups.js';
import { LIMIT_NAMES, type Limits, limitsOf, limitText } from './cgroup-limits.js';
import { ProcessOwners, uidOf } from './process-owners.js';

/** What an instance can read about its group. */
const REPORT = '.slapos-cgroup';
const REPORT_MODE = 0o644;
const PARENT = /^(?:[A-Za-z0-9][\w.-]*\/)*[A-Za-z0-9][\w.-]*$/;

const optionsSchema = z.strictObject({
  /** What a partition gets that asks for nothing. */
  memory: limitText('memory'),
  pids: limitText('pids'),
  cpu: limitText('cpu'),
  /** What a request can get at most, by its parameters `cgroup-memory`, `cgroup-pids`, `cgroup-cpu`. */
  'memory-maximum': limitText('memory'),
  'pids-maximum': limitText('pids'),
  'cpu-maximum': limitText('cpu'),
  /** Whether kills for lack of memory are only logged, or also make the partition fail once, which tells the master. */
  'memory-kills': z.enum(['log', 'fail'], { error: 'expected log or fail' }).default('log'),
  'cgroup-root': z.string().startsWith('/', 'expected an absolute path').default('/sys/fs/cgroup'),
  /** Where in each hierarchy the groups are made; `self/…` is below the group of the node itself. */
  'parent-group': z.string().regex(PARENT, 'expected a relative path such as slapos or self/slapos').default('slapos'),
});
type Options = z.output<typeof optionsSchema>;

const countersSchema = z.object({ memoryKills: z.number(), refusedForks: z.number() });
type State = Readonly<Record<string, GroupCounters>>;
const NOTHING: GroupCounters = { memoryKills: 0, refusedForks: 0 };

/**
 * Puts the processes of each partition into a control group of its own, whose use of memory, processes and CPU can be limited, and tells
 * when some were killed for lack of memory. A service that the supervisor starts between two passes is put there by the next one.
 */
export const cgroupManager = defineManager<Options>({
  name: 'cgroup',
  options: optionsSchema,
  create: (options, context) => {
    const keeper = new GroupKeeper(options, context);
    return {
      instance: (partition) => keeper.prepare(partition),
      instanceTearDown: (partition) => keeper.settle(partition),
      report: (partition) => keeper.remove(partition),
    };
  },
});

class GroupKeeper {
  readonly #options: Options;
  readonly #context: ManagerContext;
  readonly #owners = new ProcessOwners();
  readonly #counted: StateFile<State>;
  readonly #said = new Set<string>();

  constructor(options: Options, context: ManagerContext) {
    this.#options = options;
    this.#context = context;
    this.#counted = new StateFile<State>(
      context.stateDirectory,
      'counted.json',
      z.record(z.string(), countersSchema),
      {},
    );
  }

  /** Before the partition is dealt with: what runs is put into the group, so that what it starts is limited from its first moment. */
  async prepare(partition: ManagedPartition): Promise<void> {
    if (partition.requestedState === 'destroyed') return;
    const groups = this.#open(partition);
    if (groups === undefined) return;
    const limits = this.#limitsOf(partition);
    for (const name of groups.missing)
      if (limits[name] !== undefined)
        this.#warnOnce('A limit has no effect on this machine', `control groups do not have ${name}`);
    for (const { limit, error } of groups.prepare(partition.partitionId, limits))
      partition.logger.warn('A limit of a control group cannot be set', { limit, error });
    this.#place(partition, groups);
  }

  /** After it: what was started is put into the group, and what the kernel did since is told. */
  async settle(partition: ManagedPartition): Promise<void> {
    if (partition.requestedState === 'destroyed') return;
    const groups = this.#open(partition);
    if (groups === undefined) return;
    this.#place(partition, groups);
    const now = groups.counters(partition.partitionId);
    let before = NOTHING;
    await this.#counted.update((counted) => {
      before = counted[partition.partitionId] ?? NOTHING;
      return now.memoryKills === 0 && now.refusedForks === 0 && counted[partition.partitionId] === undefined
        ? counted
        : { ...counted, [partition.partitionId]: now };
    });
    const limits = this.#limitsOf({ parameters: partition.parameters, logger: silentLogger });
    await partition.folder.writeAtomicIfDifferent(REPORT, reportText(limits, now), { mode: REPORT_MODE });
    this.#tell(partition, { before, now, limits });
  }

  /** The instance is stopped and about to be removed. */
  async remove({ partitionId, logger }: ManagedPartition): Promise<void> {
    const groups = openPartitionGroups(this.#options['cgroup-root'], this.#options['parent-group']);
    if ('unavailable' in groups) return;
    if (!groups.remove(partitionId)) {
      // The scripts of prerm, for instance: the next report pass, or the next instance, finds it.
      logger.debug('The control group still has processes: it is kept for now');
      return;
    }
    await this.#counted.update(({ [partitionId]: _gone, ...others }) => others);
  }

  #limitsOf(partition: Pick<ManagedPartition, 'parameters' | 'logger'>): Limits {
    const { memory, pids, cpu } = this.#options;
    return limitsOf(
      partition,
      { memory, pids, cpu },
      {
        memory: this.#options['memory-maximum'],
        pids: this.#options['pids-maximum'],
        cpu: this.#options['cpu-maximum'],
      },
    );
  }

  #open({ owner }: ManagedPartition): PartitionGroups | undefined {
    const groups = openPartitionGroups(this.#options['cgroup-root'], this.#options['parent-group']);
    const reason =
      'unavailable' in groups
        ? groups.unavailable
        : owner.uid === 0 || owner.uid === process.geteuid?.()
          ? 'they belong to the user of the node itself, so their processes cannot be told from its own'
          : undefined;
    if (reason !== undefined) this.#warnOnce('Partitions have no control groups', reason);
    if (reason !== undefined || 'unavailable' in groups) return undefined;
    return groups;
  }

  #warnOnce(message: string, reason: string): void {
    if (!this.#said.has(reason)) this.#context.logger.warn(message, { reason });
    this.#said.add(reason);
  }

  #place({ partitionId, owner, logger }: ManagedPartition, groups: PartitionGroups): void {
    const processes = this.#owners.of(owner.uid);
    if (processes.length === 0) return;
    const inside = groups.processesIn(partitionId);
    for (const pid of processes) {
      if (inside.has(pid)) continue;
      try {
        groups.place(pid, partitionId);
        // The number may have been used again in between.
        if (uidOf(pid) !== owner.uid) groups.release(pid);
      } catch (error) {
        if (uidOf(pid) === owner.uid)
          logger.warn('A process cannot be put into its control group', { process: pid, error });
      }
    }
  }

  #tell(
    { logger, partitionId }: ManagedPartition,
    { before, now, limits }: { before: GroupCounters; now: GroupCounters; limits: Limits },
  ): void {
    const forks = since(before.refusedForks, now.refusedForks);
    if (forks > 0)
      logger.warn('Processes could not be started: there are too many', { count: forks, pids: limits.pids });
    const kills = since(before.memoryKills, now.memoryKills);
    if (kills === 0) return;
    logger.warn('Processes were killed for lack of memory', { count: kills, memory: limits.memory });
    if (this.#options['memory-kills'] === 'fail')
      throw new Error(
        `${String(kills)} process${kills === 1 ? ' was' : 'es were'} killed for lack of memory${
          limits.memory === undefined ? '' : `; ${partitionId} may use ${String(limits.memory)} bytes`
        }`,
      );
  }
}

/** A group that was made anew counts from 0. */
function since(before: number, now: number): number {
  return now < before ? now : now - before;
}

function reportText(limits: Limits, { memoryKills, refusedForks }: GroupCounters): string {
  const known = Object.fromEntries(LIMIT_NAMES.map((name) => [name, limits[name] ?? null]));
  return `${JSON.stringify({ limits: known, memory_kills: memoryKills, refused_forks: refusedForks })}\n`;
}
