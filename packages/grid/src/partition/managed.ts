import type { ManagedPartition, ManagedProgram, ManagedServices, ManagerHook } from '@slapos/manager';
import { type Program, removePartitionGroup, writePartitionGroup } from '@slapos/supervisor';
import type { PartitionInformation } from '@slapos/slap';

import { mayBeRemoved } from './retention.js';
import { type InstanceContext, inspectPartition, partitionOwner, type PartitionWork } from './work.js';

/** Calls a hook of all managers for a partition. (spec: managers §2) @throws ManagerError `MANAGER_FAILED` */
export async function runManagers(
  hook: Extract<ManagerHook, 'instance' | 'instanceTearDown' | 'report'>,
  requested: PartitionInformation,
  context: InstanceContext,
): Promise<void> {
  const { managers } = context.ports;
  if (managers?.has(hook) !== true) return;
  await inspectPartition(requested, context, async (work) => managers.run(hook, await managedPartition(work, context)));
}

async function managedPartition(work: PartitionWork, context: InstanceContext): Promise<ManagedPartition> {
  const { partitionId, directory, folder, owner, user, requested, logger } = work;
  const { host } = context.ports;
  const known = user ?? (await host.users.byUid(owner.uid));
  const addresses = [...requested.ipList, ...requested.fullIpList].map(([, address]) => address ?? '');
  return {
    partitionId,
    computerId: context.options.computerId,
    directory,
    folder,
    owner,
    user,
    userName: known?.name ?? String(owner.uid),
    softwareReleaseUrl: requested.softwareReleaseUrl,
    requestedState: requested.requestedState ?? 'destroyed',
    parameters: requested.instanceParameters,
    addresses: [...new Set(addresses)].filter((address) => address !== ''),
    services: new PartitionManagedServices(work, context, {
      userName: known?.name ?? String(owner.uid),
      home: known?.home ?? directory,
    }),
    mayBeRemoved: () => mayBeRemoved(folder, host.clock.now(), partitionOwner(work)),
    logger,
  };
}

const ROOT = { uid: 0, gid: 0, userName: 'root', home: '/root' } as const;

class PartitionManagedServices implements ManagedServices {
  readonly #work: PartitionWork;
  readonly #context: InstanceContext;
  readonly #account: { readonly userName: string; readonly home: string };

  constructor(
    work: PartitionWork,
    context: InstanceContext,
    account: { readonly userName: string; readonly home: string },
  ) {
    this.#work = work;
    this.#context = context;
    this.#account = account;
  }

  async setGroup(suffix: string, programs: readonly ManagedProgram[]): Promise<void> {
    const { instanceRoot } = this.#context.options;
    const { partitionId } = this.#work;
    const name = `${partitionId}-${suffix}`;
    const changed =
      programs.length === 0
        ? await removePartitionGroup(instanceRoot, name)
        : await writePartitionGroup(instanceRoot, partitionId, {
            name,
            programs: programs.map((program) => this.#program(program)),
            allowRoot: programs.some(({ asRoot }) => asRoot === true),
          });
    if (changed) await this.#context.ports.supervisor.update();
  }

  async startOnce(suffix: string, id: string): Promise<boolean> {
    const { supervisor } = this.#context.ports;
    const name = `${this.#work.partitionId}-${suffix}:${id}`;
    const info = await supervisor.processInfo(name);
    if (info !== undefined && info.startedAt !== 0) return false;
    await supervisor.startProcess(name);
    return true;
  }

  #program({ id, command, asRoot = false }: ManagedProgram): Program {
    const { directory, owner } = this.#work;
    const account = asRoot ? ROOT : { ...owner, ...this.#account };
    return { id, processName: id, command, directory, ...account };
  }
}
