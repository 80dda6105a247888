import { silentLogger } from '@slapos/host';
import type { ProcessInfo } from '@slapos/supervisor';

import { readPartitionServices } from './services.js';
import { type InstanceContext, openPartition } from './work.js';

/** States of a service that was begun and does not run. (spec: supervisor §9.4) */
const ENDED: ReadonlySet<string> = new Set(['EXITED', 'FATAL', 'BACKOFF']);

/** Tells which services of the partitions a pass has started and ended, by comparing them before and after. */
export class ServiceEvents {
  readonly #context: InstanceContext;
  readonly #before = new Map<string, ReadonlyMap<string, ProcessInfo | undefined>>();

  constructor(context: InstanceContext) {
    this.#context = context;
  }

  /** Remembers how the services of a partition are: to be called before anything of it is changed. */
  async remember(partitionId: string): Promise<void> {
    this.#before.set(partitionId, await this.#look(partitionId, []));
  }

  /** Tells what became of them: to be called when the work on the partition has come to its end. */
  async compare(partitionId: string): Promise<void> {
    const before = this.#before.get(partitionId);
    if (before === undefined) return;
    this.#before.delete(partitionId);
    for (const [service, now] of await this.#look(partitionId, before.keys()))
      this.#tell(partitionId, service, before.get(service), now);
  }

  #tell(partition: string, service: string, was: ProcessInfo | undefined, is: ProcessInfo | undefined): void {
    const { emit } = this.#context;
    const wasRunning = was !== undefined && was.pid !== 0;
    if (is !== undefined && is.pid !== 0) {
      if (is.pid !== was?.pid) emit('service.started', { partition, service, pid: is.pid });
      return;
    }
    const hasEndedSince = is !== undefined && ENDED.has(is.stateName) && is.startedAt !== (was?.startedAt ?? 0);
    if (!wasRunning && !hasEndedSince) return;
    const { stateName: state, exitStatus } = is ?? { stateName: 'REMOVED', exitStatus: undefined };
    emit('service.exited', { partition, service, state, ...(exitStatus === undefined ? {} : { exitStatus }) });
  }

  /** By name, those that the partition has now and the given ones. Nothing where it cannot be seen: events are an extra. */
  async #look(partitionId: string, names: Iterable<string>): Promise<Map<string, ProcessInfo | undefined>> {
    const found = new Map<string, ProcessInfo | undefined>();
    const { options, ports } = this.#context;
    try {
      await using folder = await openPartition(options.instanceRoot, partitionId);
      // What is wrong with them is said where they are configured.
      const services = await readPartitionServices(folder, silentLogger);
      const own = services.map(({ name, isWatched }) => (isWatched ? `${name}-on-watch` : name));
      for (const name of new Set([...names, ...own]))
        found.set(name, await ports.supervisor.processInfo(`${partitionId}:${name}`));
    } catch (error) {
      ports.logger.debug('Cannot see the services of the partition', { partition: partitionId, error });
      found.clear();
    }
    return found;
  }
}
