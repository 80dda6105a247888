import { PROCESS_STATES } from '../../states.js';
import { byPriority } from '../configuration/read-configuration.js';
import type { GroupConfiguration } from '../configuration/types.js';
import { ListenerPool } from '../events/listener-pool.js';
import type { ProcessContext } from './process-context.js';
import { SupervisedProcess } from './supervised-process.js';

/** Processes that are added, started, stopped and removed together. */
export class ProcessGroup {
  readonly name: string;
  readonly configuration: GroupConfiguration;
  /** By priority, then name. */
  readonly processes: readonly SupervisedProcess[];
  readonly pool: ListenerPool | undefined;

  constructor(configuration: GroupConfiguration, context: ProcessContext) {
    this.name = configuration.name;
    this.configuration = configuration;
    this.processes = configuration.processes.map(
      (process) => new SupervisedProcess(configuration.name, process, context),
    );
    const { listener } = configuration;
    if (!listener) return;
    this.pool = new ListenerPool({
      name: configuration.name,
      identifier: context.identifier,
      configuration: listener,
      log: (level, message) => context.log(level, message),
    });
    for (const process of this.processes) process.follower = this.pool;
  }

  find(name: string): SupervisedProcess | undefined {
    return this.processes.find((process) => process.name === name);
  }

  get isStopped(): boolean {
    return this.processes.every((process) => process.isStopped);
  }

  /** Starts what is to start by itself. */
  autostart(): void {
    for (const process of this.processes) {
      if (process.configuration.autostart && process.startedAt === 0) void process.spawn();
    }
  }

  /** Stops everything for good, and waits for it. */
  async end(): Promise<void> {
    for (const process of [...this.processes].reverse()) {
      if (process.state === PROCESS_STATES.BACKOFF) process.giveUp();
      else await process.stop();
    }
    await Promise.all(this.processes.map((process) => process.until(() => process.isStopped)));
  }

  remove(): void {
    for (const process of this.processes) process.remove();
  }
}

/** Groups in the order in which they are started. */
export function inOrder(groups: Iterable<ProcessGroup>): ProcessGroup[] {
  return [...groups].sort((one, other) => byPriority(one.configuration, other.configuration));
}
