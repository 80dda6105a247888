import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { makeKernelDirectory, removeKernelDirectory, writeKernelFile } from '@slapos/host';

import { LIMIT_NAMES, type Limits } from './cgroup-limits.js';

/** What the kernel has counted in a group since it was made. */
export interface GroupCounters {
  /** Processes killed for lack of memory. */
  readonly memoryKills: number;
  /** Processes that could not be made, since there were too many. */
  readonly refusedForks: number;
}

/** The control groups of partitions, one for each. Every method can be repeated. */
export interface PartitionGroups {
  /** Controllers that this machine lacks: such limits have no effect. */
  readonly missing: readonly (keyof Limits)[];
  /** Makes the group, and sets its limits. @returns the limits that the kernel did not take, with the reason */
  prepare(partitionId: string, limits: Limits): readonly { readonly limit: keyof Limits; readonly error: unknown }[];
  /** The processes that are in the group. */
  processesIn(partitionId: string): ReadonlySet<number>;
  /** Puts a process, with all its threads, into the group. @throws HostError when the kernel refuses, such as one that has ended */
  place(pid: number, partitionId: string): void;
  /** Puts it where no partition is. @throws HostError */
  release(pid: number): void;
  counters(partitionId: string): GroupCounters;
  /** @returns `false` while there are processes in it */
  remove(partitionId: string): boolean;
}

const SELF = 'self/';
const CPU_PERIOD_MICROSECONDS = 100_000;
const UNLIMITED_V1 = '-1';
const UNLIMITED = 'max';
const PROCESSES = 'cgroup.procs';

/**
 * The groups of this machine, below `parent` in each hierarchy.
 * @param root where control groups are mounted
 * @param parent such as `slapos`, or `self/slapos`: below the group of this process, where a container sees more than it may change
 */
export function openPartitionGroups(root: string, parent: string): PartitionGroups | { readonly unavailable: string } {
  const controllersFile = path.join(root, 'cgroup.controllers');
  if (existsSync(controllersFile)) return openVersion2(root, parent);
  const hierarchies = new Map<keyof Limits, Hierarchy>();
  for (const name of LIMIT_NAMES) {
    const mount = path.join(root, name);
    if (existsSync(path.join(mount, PROCESSES))) hierarchies.set(name, { mount, parent: parentIn(parent, name) });
  }
  if (hierarchies.size === 0) return { unavailable: `there is neither ${controllersFile} nor ${root}/memory` };
  return new Version1(hierarchies);
}

function openVersion2(root: string, parent: string): PartitionGroups | { readonly unavailable: string } {
  const available = words(path.join(root, 'cgroup.controllers'));
  const controllers = LIMIT_NAMES.filter((name) => available.includes(name));
  if (controllers.length === 0)
    return { unavailable: `${root}/cgroup.controllers names none of ${LIMIT_NAMES.join(', ')}` };
  return new Version2({ mount: root, parent: parentIn(parent, '') }, controllers);
}

/** A mounted hierarchy, and where in it the groups are. */
interface Hierarchy {
  readonly mount: string;
  /** Relative, such as `slapos`. */
  readonly parent: string;
}

/** `self/` is the group of this process in the hierarchy of that controller; version 2 has the empty name. */
function parentIn(parent: string, controller: string): string {
  if (!parent.startsWith(SELF)) return parent;
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const [, names = '', own = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (line !== '' && names.split(',').includes(controller)) return path.join(own, parent.slice(SELF.length)).slice(1);
  }
  return parent.slice(SELF.length);
}

abstract class Groups {
  abstract readonly missing: readonly (keyof Limits)[];
  /** Each hierarchy that a process is placed in. */
  protected abstract readonly hierarchies: readonly Hierarchy[];

  processesIn(partitionId: string): ReadonlySet<number> {
    // One that is missing in a hierarchy is to be placed once more.
    const [first = new Set<number>(), ...others] = this.hierarchies.map(
      (hierarchy) => new Set(words(path.join(folderOf(hierarchy, partitionId), PROCESSES)).map(Number)),
    );
    return new Set([...first].filter((pid) => others.every((pids) => pids.has(pid))));
  }

  place(pid: number, partitionId: string): void {
    for (const hierarchy of this.hierarchies)
      writeKernelFile(path.join(folderOf(hierarchy, partitionId), PROCESSES), String(pid));
  }

  release(pid: number): void {
    for (const { mount } of this.hierarchies) writeKernelFile(path.join(mount, PROCESSES), String(pid));
  }

  remove(partitionId: string): boolean {
    // Each is tried, whatever becomes of the others.
    return this.hierarchies.map((each) => removeKernelDirectory(folderOf(each, partitionId))).every(Boolean);
  }
}

/** Each controller as a hierarchy of its own. */
class Version1 extends Groups implements PartitionGroups {
  readonly missing: readonly (keyof Limits)[];
  protected readonly hierarchies: readonly Hierarchy[];
  readonly #byController: ReadonlyMap<keyof Limits, Hierarchy>;

  constructor(byController: ReadonlyMap<keyof Limits, Hierarchy>) {
    super();
    this.#byController = byController;
    this.hierarchies = [...byController.values()];
    this.missing = LIMIT_NAMES.filter((name) => !byController.has(name));
  }

  prepare(partitionId: string, limits: Limits): ReturnType<PartitionGroups['prepare']> {
    for (const hierarchy of this.hierarchies) makeFolders(hierarchy, partitionId);
    return refusals([
      ...this.#setting(partitionId, 'memory', 'memory.limit_in_bytes', limits.memory?.toFixed() ?? UNLIMITED_V1),
      ...this.#setting(partitionId, 'pids', 'pids.max', limits.pids?.toFixed() ?? UNLIMITED),
      ...this.#setting(partitionId, 'cpu', 'cpu.cfs_period_us', String(CPU_PERIOD_MICROSECONDS)),
      ...this.#setting(partitionId, 'cpu', 'cpu.cfs_quota_us', quota(limits.cpu) ?? UNLIMITED_V1),
    ]);
  }

  counters(partitionId: string): GroupCounters {
    const read = (controller: keyof Limits, file: string): string | undefined => {
      const hierarchy = this.#byController.get(controller);
      return hierarchy && textOf(path.join(folderOf(hierarchy, partitionId), file));
    };
    return {
      memoryKills: counter(read('memory', 'memory.oom_control'), 'oom_kill'),
      refusedForks: counter(read('pids', 'pids.events'), 'max'),
    };
  }

  #setting(partitionId: string, limit: keyof Limits, file: string, text: string): Setting[] {
    const hierarchy = this.#byController.get(limit);
    return hierarchy === undefined ? [] : [{ limit, file: path.join(folderOf(hierarchy, partitionId), file), text }];
  }
}

/** The one hierarchy; controllers are switched on from above. */
class Version2 extends Groups implements PartitionGroups {
  readonly missing: readonly (keyof Limits)[];
  protected readonly hierarchies: readonly [Hierarchy];
  readonly #controllers: readonly (keyof Limits)[];

  constructor(hierarchy: Hierarchy, controllers: readonly (keyof Limits)[]) {
    super();
    this.hierarchies = [hierarchy];
    this.#controllers = controllers;
    this.missing = LIMIT_NAMES.filter((name) => !controllers.includes(name));
  }

  prepare(partitionId: string, limits: Limits): ReturnType<PartitionGroups['prepare']> {
    const [hierarchy] = this.hierarchies;
    makeFolders(hierarchy, partitionId, (folder) => this.#switchOn(folder));
    const texts = {
      memory: limits.memory?.toFixed() ?? UNLIMITED,
      pids: limits.pids?.toFixed() ?? UNLIMITED,
      cpu: `${quota(limits.cpu) ?? UNLIMITED} ${String(CPU_PERIOD_MICROSECONDS)}`,
    };
    const folder = folderOf(hierarchy, partitionId);
    return refusals(
      this.#controllers.map((limit) => ({ limit, file: path.join(folder, `${limit}.max`), text: texts[limit] })),
    );
  }

  counters(partitionId: string): GroupCounters {
    const folder = folderOf(this.hierarchies[0], partitionId);
    return {
      memoryKills: counter(textOf(path.join(folder, 'memory.events')), 'oom_kill'),
      refusedForks: counter(textOf(path.join(folder, 'pids.events')), 'max'),
    };
  }

  #switchOn(folder: string): void {
    const file = path.join(folder, 'cgroup.subtree_control');
    const on = words(file);
    const wanted = this.#controllers.filter((name) => !on.includes(name));
    if (wanted.length > 0) writeKernelFile(file, wanted.map((name) => `+${name}`).join(' '));
  }
}

interface Setting {
  readonly limit: keyof Limits;
  readonly file: string;
  readonly text: string;
}

/** Writes what is not so yet: each write of a quota costs the kernel a walk over all CPUs. */
function refusals(settings: readonly Setting[]): { limit: keyof Limits; error: unknown }[] {
  return settings.flatMap(({ limit, file, text }) => {
    if (textOf(file)?.trim() === text) return [];
    try {
      writeKernelFile(file, text);
      return [];
    } catch (error) {
      return [{ limit, error }];
    }
  });
}

function makeFolders(
  { mount, parent }: Hierarchy,
  partitionId: string,
  prepareParent: (folder: string) => void = () => {},
): void {
  let folder = mount;
  for (const name of [...parent.split('/').filter((part) => part !== ''), partitionId]) {
    prepareParent(folder);
    folder = path.join(folder, name);
    makeKernelDirectory(folder);
  }
}

function folderOf({ mount, parent }: Hierarchy, partitionId: string): string {
  return path.join(mount, parent, partitionId);
}

/** Microseconds of CPU in each period. */
function quota(cpus: number | undefined): string | undefined {
  return cpus === undefined ? undefined : String(Math.round(cpus * CPU_PERIOD_MICROSECONDS));
}

/** The number behind a name in a file of lines `NAME NUMBER`. */
function counter(text: string | undefined, name: string): number {
  const line = text?.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // not there
  }
}

function words(file: string): string[] {
  return (textOf(file) ?? '').split(/\s+/).filter((word) => word !== '');
}
