import path from 'node:path';
import type { UserDatabase } from '@slapos/host';
import { SUPERVISOR_STATES } from '../../states.js';
import { readConfiguration } from '../configuration/read-configuration.js';
import type { Configuration, GroupConfiguration } from '../configuration/types.js';
import type { DaemonEvent } from '../events/event-names.js';
import type { NumberedEvent } from '../events/listener-pool.js';
import type { ProcessContext } from '../process/process-context.js';
import { inOrder, ProcessGroup } from '../process/process-group.js';
import { reasonOf } from '../process/process-output.js';
import type { SupervisedProcess } from '../process/supervised-process.js';
import { ProcessRecord } from '../process/survivors.js';
import type { MainLog } from './main-log.js';

const TICKS_SECONDS = [5, 60, 3600] as const;
const TICK_LOOK_MS = 1000;
const RECORD_SUFFIX = '.processes.json';

export interface SupervisorDaemonOptions {
  readonly configurationFile: string;
  readonly configuration: Configuration;
  readonly users: UserDatabase;
  readonly mainLog: MainLog;
  /** What the processes inherit. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Which groups differ between what runs and what the files say. */
export interface ConfigurationChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** The processes of one configuration, and what may be done with them. It knows nothing of sockets (spec: supervisor §9). */
export class SupervisorDaemon {
  readonly configurationFile: string;
  readonly mainLog: MainLog;
  readonly identifier: string;
  /** What runs, by name. */
  readonly groups = new Map<string, ProcessGroup>();
  /** One of SUPERVISOR_STATES. */
  state: number = SUPERVISOR_STATES.RUNNING;
  #configuration: Configuration;
  readonly #users: UserDatabase;
  readonly #context: ProcessContext;
  readonly #stopped: Promise<'shutdown' | 'restart'>;
  #resolveStopped!: (reason: 'shutdown' | 'restart') => void;
  #nextSerial = 0;
  #ticker: NodeJS.Timeout | undefined;

  constructor(options: SupervisorDaemonOptions) {
    const { daemon } = options.configuration;
    this.configurationFile = options.configurationFile;
    this.mainLog = options.mainLog;
    this.identifier = daemon.identifier;
    this.#configuration = options.configuration;
    this.#users = options.users;
    this.#stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#context = {
      log: (level, message) => options.mainLog.write(level, message),
      publish: (event) => this.publish(event),
      environment: { ...options.environment, ...daemon.environment },
      umask: daemon.umask,
      serverUrl: `unix://${daemon.socket.file}`,
      record: new ProcessRecord(`${daemon.pidFile}${RECORD_SUFFIX}`, (reason) =>
        options.mainLog.write('critical', reason),
      ),
      childLogDirectory: daemon.childLogDirectory,
      fallbackLogDirectory: path.dirname(daemon.logFile),
      identifier: daemon.identifier,
      stripAnsi: daemon.stripAnsi,
      isActive: () => this.state === SUPERVISOR_STATES.RUNNING,
    };
  }

  /** Begins to serve: adds all groups and starts what is to start by itself. */
  start(): void {
    for (const [name, pid] of this.#context.record.survivors()) {
      this.mainLog.write(
        'warn',
        `${name} still runs as pid ${String(pid)}: an earlier supervisor started it, it is not a child of this one, and is not started a second time`,
      );
    }
    for (const configuration of this.#configuration.groups) this.#add(configuration);
    this.publish({ name: 'SUPERVISOR_STATE_CHANGE_RUNNING', payload: '' });
    let last = Math.floor(Date.now() / 1000);
    this.#ticker = setInterval(() => {
      const now = Math.floor(Date.now() / 1000);
      for (const period of TICKS_SECONDS) {
        const when = now - (now % period);
        if (when > last - (last % period))
          this.publish({ name: `TICK_${String(period)}`, payload: `when:${String(when)}` });
      }
      last = now;
    }, TICK_LOOK_MS);
  }

  /** Resolves after everything has stopped. */
  get stopped(): Promise<'shutdown' | 'restart'> {
    return this.#stopped;
  }

  /** Stops everything: groups of high priority numbers first, one after the other (spec: supervisor §9.7). */
  async end(reason: 'shutdown' | 'restart'): Promise<void> {
    if (this.state !== SUPERVISOR_STATES.RUNNING) {
      // A second SIGTERM turns a restart into an end.
      if (reason === 'shutdown') this.state = SUPERVISOR_STATES.SHUTDOWN;
      return;
    }
    this.state = reason === 'shutdown' ? SUPERVISOR_STATES.SHUTDOWN : SUPERVISOR_STATES.RESTARTING;
    this.publish({ name: 'SUPERVISOR_STATE_CHANGE_STOPPING', payload: '' });
    clearInterval(this.#ticker);
    const names = this.allProcesses()
      .filter((process) => !process.isStopped)
      .map((process) => process.name);
    this.mainLog.write('info', `waiting for ${names.join(', ')} to die`);
    for (const group of inOrder(this.groups.values()).reverse()) {
      await this.#attempt(`stopping ${group.name}`, () => group.end());
    }
    for (const group of this.groups.values())
      await this.#attempt(`closing the logs of ${group.name}`, () => group.remove());
    await this.#attempt('removing the note of its processes', () => this.#context.record.close());
    this.#resolveStopped(this.state === (SUPERVISOR_STATES.SHUTDOWN as number) ? 'shutdown' : 'restart');
  }

  /**
   * Reads the files again; what runs goes on as it is.
   * @throws ConfigurationError
   */
  async reload(): Promise<ConfigurationChanges> {
    this.#configuration = await readConfiguration(this.configurationFile, this.#users);
    const wanted = new Map(this.#configuration.groups.map((group) => [group.name, group]));
    const current = inOrder(this.groups.values());
    return {
      added: [...wanted.keys()].filter((name) => !this.groups.has(name)),
      changed: current
        .filter(
          ({ name, configuration }) =>
            wanted.has(name) && JSON.stringify(wanted.get(name)) !== JSON.stringify(configuration),
        )
        .map(({ name }) => name),
      removed: current.filter(({ name }) => !wanted.has(name)).map(({ name }) => name),
    };
  }

  /** @returns whether it was added; `undefined` when the configuration does not know it */
  addGroup(name: string): boolean | undefined {
    const configuration = this.#configuration.groups.find((group) => group.name === name);
    if (!configuration) return undefined;
    if (this.groups.has(name)) return false;
    this.#add(configuration);
    return true;
  }

  /** Forgets a group whose processes have stopped. */
  removeGroup(name: string): void {
    this.groups.get(name)?.remove();
    this.groups.delete(name);
    this.publish({ name: 'PROCESS_GROUP_REMOVED', payload: `groupname:${name}\n` });
  }

  /** What the configuration that was read last says about all groups. */
  get configuredGroups(): readonly GroupConfiguration[] {
    return this.#configuration.groups;
  }

  /** By priority of groups, then of processes. */
  allProcesses(): SupervisedProcess[] {
    return inOrder(this.groups.values()).flatMap(({ processes }) => processes);
  }

  publish(event: DaemonEvent): void {
    let serial: number | undefined;
    const numbered: NumberedEvent = {
      ...event,
      serial: () => (serial ??= this.#nextSerial++),
    };
    for (const { pool } of this.groups.values()) pool?.offer(numbered);
  }

  reopenLogs(): void {
    this.mainLog.reopen();
    for (const process of this.allProcesses()) {
      process.stdout.reopen();
      process.stderr.reopen();
    }
  }

  /** What fails on the way to the end is logged: a supervisor that has been told to end ends. */
  async #attempt(what: string, work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.mainLog.write('critical', `${what}: ${reasonOf(error)}`);
    }
  }

  #add(configuration: GroupConfiguration): void {
    const group = new ProcessGroup(configuration, this.#context);
    this.groups.set(group.name, group);
    this.publish({ name: 'PROCESS_GROUP_ADDED', payload: `groupname:${group.name}\n` });
    group.autostart();
  }
}
