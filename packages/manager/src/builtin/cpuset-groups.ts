import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { makeKernelDirectory, writeKernelFile } from '@slapos/host';

/** The CPUs of a machine as control groups, each of which processes can have for themselves. (spec: managers §4) */
export interface CpuGroups {
  /** Makes the groups. Can be repeated. */
  prepare(): void;
  /** CPUs that have a group; the first one is for all those who have none of their own. Empty: not prepared. */
  cpus(): readonly number[];
  /** The processes that have this CPU. */
  processesOn(cpu: number): readonly number[];
  /** The processes that have none. */
  otherProcesses(): readonly number[];
  /** Puts a process on a CPU. @throws HostError when the kernel refuses */
  place(pid: number, cpu: number): void;
  /** Whether processes without a CPU of their own must be moved away from the others by us. */
  readonly movesOthers: boolean;
}

/** The groups of this machine; `undefined` where the kernel has no cpusets, with the reason. */
export function openCpuGroups(root: string): CpuGroups | { readonly unavailable: string } {
  const controllers = path.join(root, 'cgroup.controllers');
  if (!existsSync(controllers)) {
    const directory = path.join(root, 'cpuset');
    if (existsSync(path.join(directory, 'cpuset.cpus'))) return new CgroupV1(directory);
    return { unavailable: `there is no ${directory}/cpuset.cpus` };
  }
  if (words(controllers).includes('cpuset')) return new CgroupV2(root);
  return { unavailable: `${controllers} does not name cpuset` };
}

/** `0-3,8`: ranges are inclusive. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = Number.NaN, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

function words(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split(/\s+/)
    .filter((word) => word !== '');
}

function pids(file: string): number[] {
  return existsSync(file) ? words(file).map(Number) : [];
}

abstract class CpuFolders {
  protected readonly root: string;
  protected abstract readonly prefix: string;
  protected abstract readonly tasksFile: string;

  constructor(root: string) {
    this.root = root;
  }

  cpus(): readonly number[] {
    return readdirSync(this.root)
      .filter((name) => name.startsWith(this.prefix) && /^\d+$/.test(name.slice(this.prefix.length)))
      .map((name) => Number(name.slice(this.prefix.length)))
      .sort((one, other) => one - other);
  }

  processesOn(cpu: number): readonly number[] {
    return pids(path.join(this.folder(cpu), this.tasksFile));
  }

  otherProcesses(): readonly number[] {
    return pids(path.join(this.root, this.tasksFile));
  }

  place(pid: number, cpu: number): void {
    writeKernelFile(path.join(this.folder(cpu), this.tasksFile), String(pid));
  }

  protected folder(cpu: number): string {
    return path.join(this.root, `${this.prefix}${String(cpu)}`);
  }

  protected write(cpu: number, name: string, text: string): void {
    writeKernelFile(path.join(this.folder(cpu), name), text);
  }
}

/** `cpuset` as a hierarchy of its own: a group for each CPU, the first one included. */
class CgroupV1 extends CpuFolders implements CpuGroups {
  protected readonly prefix = 'cpu';
  protected readonly tasksFile = 'tasks';
  readonly movesOthers = true;

  prepare(): void {
    for (const cpu of parseCpuList(readFileSync(path.join(this.root, 'cpuset.cpus'), 'utf8'))) {
      makeKernelDirectory(this.folder(cpu));
      this.write(cpu, 'cpuset.cpus', String(cpu));
      this.write(cpu, 'cpuset.cpu_exclusive', '1');
      this.write(cpu, 'cpuset.mems', '0');
    }
  }
}

/** The one hierarchy: partitions of type `root` take their CPU away from all others by themselves, so the first CPU needs no group. */
class CgroupV2 extends CpuFolders implements CpuGroups {
  protected readonly prefix = 'slapos-cpu';
  protected readonly tasksFile = 'cgroup.procs';
  readonly movesOthers = false;

  prepare(): void {
    writeKernelFile(path.join(this.root, 'cgroup.subtree_control'), '+cpuset');
    const all = parseCpuList(readFileSync(path.join(this.root, 'cpuset.cpus.effective'), 'utf8'));
    for (const cpu of [...new Set([...all, ...this.cpus()])].sort((one, other) => one - other).slice(1)) {
      makeKernelDirectory(this.folder(cpu));
      this.write(cpu, 'cpuset.cpus', String(cpu));
    }
  }

  /** The first one stands for what is left to everybody. */
  override cpus(): readonly number[] {
    const own = super.cpus();
    return own.length === 0 ? [] : [-1, ...own];
  }

  override place(pid: number, cpu: number): void {
    if (cpu === -1) {
      writeKernelFile(path.join(this.root, this.tasksFile), String(pid));
      return;
    }
    // Only a CPU that somebody has is taken away from the others.
    this.write(cpu, 'cpuset.cpus.partition', 'root');
    super.place(pid, cpu);
  }
}
