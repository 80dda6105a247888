import { existsSync } from 'node:fs';

import { writeKernelFile } from '@slapos/host';
import { z } from 'zod';

import { defineManager, type ManagerContext } from '../contract/manager.js';
import { readRequestFile } from '../contract/request-file.js';
import type { ManagedPartition } from '../contract/subjects.js';
import { type CpuGroups, openCpuGroups } from './cpuset-groups.js';
import { statusOf, uidOf } from './process-owners.js';

const REQUEST = '.slapos-cpu-exclusive';
const REQUEST_MODE = 0o644;
const PAUSE_MS = 10;
const KERNEL_THREAD_PARENT = 2;
const AGENT_NAMES = /^(?:supervisord|slapos-supervis|slapos)/;

const optionsSchema = z.strictObject({
  /** Where control groups are mounted. */
  'cgroup-root': z.string().startsWith('/', 'expected an absolute path').default('/sys/fs/cgroup'),
  /** Where the kernel describes CPUs. */
  'cpu-root': z.string().startsWith('/', 'expected an absolute path').default('/sys/devices/system/cpu'),
});
type Options = z.output<typeof optionsSchema>;

/** Gives processes of chosen users a CPU of their own. (spec: managers §4, security S26) */
export const cpusetManager = defineManager<Options>({
  name: 'cpuset',
  options: optionsSchema,
  create: (options, context) => {
    let warned = false;
    const open = (): CpuGroups | undefined => {
      const groups = openCpuGroups(options['cgroup-root']);
      if (!('unavailable' in groups)) return groups;
      if (!warned) context.logger.warn('CPUs cannot be given to processes', { reason: groups.unavailable });
      warned = true;
      return undefined;
    };
    return {
      async format() {
        open()?.prepare();
      },
      async instance(partition) {
        const text = (await readRequestFile(partition, REQUEST))?.trim() ?? '';
        if (text === '') return;
        if (!context.powerUsers.includes(partition.userName)) {
          partition.logger.warn('Asks for a CPU of its own, but is not in power_user_list', {
            user: partition.userName,
          });
          return;
        }
        const groups = open();
        if (groups === undefined) return;
        if (groups.cpus().length === 0) {
          partition.logger.warn('The machine is not formatted for CPUs of their own: run slapos node format');
          return;
        }
        if (groups.movesOthers) await moveOthers(groups, context);
        await grant(partition, requestedPids(text), groups, options);
      },
    };
  },
});

function requestedPids(text: string): number[] {
  return text.split(/\s+/).map((word) => {
    if (!/^[1-9]\d{0,9}$/.test(word))
      throw new Error(`${REQUEST} holds ${JSON.stringify(word)}, which is no process id`);
    return Number(word);
  });
}

/** Leaves the other CPUs to those who get one, except for what the machine and its node need. */
async function moveOthers(groups: CpuGroups, { host, logger }: ManagerContext): Promise<void> {
  const [first = 0] = groups.cpus();
  let refused = 0;
  for (const pid of [...groups.otherProcesses()].sort((one, other) => other - one)) {
    if (isOfTheMachine(pid)) continue;
    try {
      groups.place(pid, first);
    } catch {
      refused += 1; // Kernel threads that are bound, processes that have ended.
    }
    await host.clock.sleep(PAUSE_MS);
  }
  if (refused > 0) logger.info('Processes that could not be moved to the first CPU', { count: refused });
}

async function grant(
  partition: ManagedPartition,
  wanted: readonly number[],
  groups: CpuGroups,
  options: Options,
): Promise<void> {
  const { folder, logger, owner, user } = partition;
  const [, ...exclusive] = groups.cpus();
  const settled = new Set(exclusive.flatMap((cpu) => groups.processesOn(cpu)));
  const waiting: number[] = [];
  for (const pid of new Set(wanted)) {
    if (settled.has(pid)) continue;
    if (uidOf(pid) !== owner.uid) {
      if (uidOf(pid) !== undefined)
        logger.warn('Only processes of the partition can have a CPU of their own', { process: pid });
      continue;
    }
    const cpu = exclusive.find((one) => groups.processesOn(one).length === 0);
    if (cpu === undefined) {
      waiting.push(pid);
      continue;
    }
    groups.place(pid, cpu);
    // The number may have been used again in between.
    if (uidOf(pid) !== owner.uid) {
      const [first = 0] = groups.cpus();
      if (uidOf(pid) !== undefined) groups.place(pid, first);
      continue;
    }
    logger.info('A process has a CPU of its own', { process: pid, cpu });
    setGovernor(cpu, options, logger);
  }
  await folder.writeAtomic(REQUEST, waiting.map((pid) => `${String(pid)}\n`).join(''), {
    mode: REQUEST_MODE,
    ...(user === undefined ? {} : owner),
  });
}

function setGovernor(cpu: number, options: Options, logger: ManagedPartition['logger']): void {
  const file = `${options['cpu-root']}/cpu${String(cpu)}/cpufreq/scaling_governor`;
  if (!existsSync(file)) return;
  try {
    writeKernelFile(file, 'performance');
  } catch (error) {
    logger.error('The speed of a CPU cannot be set', { cpu, error });
  }
}

/** Kernel threads, init, the supervisor and the node itself stay where they are. */
function isOfTheMachine(pid: number): boolean {
  const status = statusOf(pid);
  const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
  const name = /^Name:\s+(.*)$/m.exec(status)?.[1] ?? '';
  return (
    pid <= KERNEL_THREAD_PARENT || parent === KERNEL_THREAD_PARENT || pid === process.pid || AGENT_NAMES.test(name)
  );
}
