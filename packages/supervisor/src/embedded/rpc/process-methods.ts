import { FAULTS } from '../../errors.js';
import { PROCESS_STATES } from '../../states.js';
import { ConfigurationError } from '../configuration/configuration-error.js';
import { readSignal } from '../configuration/read-values.js';
import type { SupervisorDaemon } from '../daemon/supervisor-daemon.js';
import { ProcessGroup } from '../process/process-group.js';
import { CommandProblem } from '../process/spawn-child.js';
import type { SupervisedProcess } from '../process/supervised-process.js';
import type { RpcStruct, RpcValue } from '../../xml-rpc/values.js';
import { RpcFault } from './fault.js';
import { configurationStructure, processStructure } from './process-structures.js';
import { readLog, tailLog } from './read-log.js';

const SIGNALLABLE: ReadonlySet<number> = new Set([
  PROCESS_STATES.STARTING,
  PROCESS_STATES.RUNNING,
  PROCESS_STATES.STOPPING,
]);

/** What can be asked about processes and groups (spec: supervisor §9.3). */
export class ProcessMethods {
  readonly #daemon: SupervisorDaemon;

  constructor(daemon: SupervisorDaemon) {
    this.#daemon = daemon;
  }

  async reloadConfig(): Promise<RpcValue> {
    try {
      const { added, changed, removed } = await this.#daemon.reload();
      return [[[...added], [...changed], [...removed]]];
    } catch (error) {
      if (error instanceof ConfigurationError) throw new RpcFault('CANT_REREAD', error.message);
      throw error;
    }
  }

  addProcessGroup(name: string): boolean {
    const added = this.#daemon.addGroup(name);
    if (added === undefined) throw new RpcFault('BAD_NAME', name);
    if (!added) throw new RpcFault('ALREADY_ADDED', name);
    return true;
  }

  removeProcessGroup(name: string): boolean {
    if (!this.#group(name).isStopped) throw new RpcFault('STILL_RUNNING', name);
    this.#daemon.removeGroup(name);
    return true;
  }

  async startProcess(name: string, wait = true): Promise<RpcValue> {
    const target = this.#target(name);
    if (target instanceof ProcessGroup) return this.#startAll(target.processes, wait);
    await this.#begin(target, name);
    if (wait) await this.#started(target, name);
    return true;
  }

  startProcessGroup(name: string, wait = true): Promise<RpcValue> {
    return this.#startAll(this.#group(name).processes, wait);
  }

  startAllProcesses(wait = true): Promise<RpcValue> {
    return this.#startAll(this.#daemon.allProcesses(), wait);
  }

  async stopProcess(name: string, wait = true): Promise<RpcValue> {
    const target = this.#target(name);
    if (target instanceof ProcessGroup) return this.#stopAll(target.processes, wait);
    await this.#stop(target, name, wait);
    return true;
  }

  stopProcessGroup(name: string, wait = true): Promise<RpcValue> {
    return this.#stopAll(this.#group(name).processes, wait);
  }

  stopAllProcesses(wait = true): Promise<RpcValue> {
    return this.#stopAll(this.#daemon.allProcesses(), wait);
  }

  async signalProcess(name: string, signal: RpcValue): Promise<RpcValue> {
    const target = this.#target(name);
    if (target instanceof ProcessGroup) return this.#signalAll(target.processes, signal);
    this.#signal(target, name, signal);
    return true;
  }

  signalProcessGroup(name: string, signal: RpcValue): Promise<RpcValue> {
    return this.#signalAll(this.#group(name).processes, signal);
  }

  signalAllProcesses(signal: RpcValue): Promise<RpcValue> {
    return this.#signalAll(this.#daemon.allProcesses(), signal);
  }

  getProcessInfo(name: string): RpcStruct {
    return processStructure(this.#process(name));
  }

  getAllProcessInfo(): RpcStruct[] {
    return [...this.#daemon.groups.keys()]
      .sort()
      .flatMap((name) =>
        [...this.#group(name).processes].sort((one, other) => (one.name < other.name ? -1 : 1)).map(processStructure),
      );
  }

  getAllConfigInfo(): RpcStruct[] {
    return this.#daemon.configuredGroups
      .flatMap((group) =>
        group.processes.map((process) => ({
          name: process.name,
          entry: configurationStructure(group, process, this.#daemon.groups.has(group.name)),
        })),
      )
      .sort((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)))
      .map(({ entry }) => entry);
  }

  readProcessLog(stream: 'stdout' | 'stderr', name: string, offset: number, length: number): string {
    const process = this.#process(name);
    return readLog(process[stream].file, process.configuration.uid, offset, length);
  }

  tailProcessLog(stream: 'stdout' | 'stderr', name: string, offset: number, length: number): RpcValue {
    const process = this.#process(name);
    return tailLog(process[stream].file, process.configuration.uid, offset, length);
  }

  clearProcessLogs(name: string): boolean {
    this.#clear(this.#process(name), name);
    return true;
  }

  clearAllProcessLogs(): Promise<RpcValue> {
    return resultsOf(this.#daemon.allProcesses(), async (process) => this.#clear(process, process.fullName));
  }

  sendProcessStdin(name: string, chars: string): boolean {
    const process = this.#process(name);
    if (process.pid === 0 || !SIGNALLABLE.has(process.state)) throw new RpcFault('NOT_RUNNING', name);
    if (!process.writeStdin(chars)) throw new RpcFault('NO_FILE', name);
    return true;
  }

  /** A process, for callers that show its logs. */
  find(name: string): SupervisedProcess | undefined {
    const [group, process] = splitName(name);
    return process === undefined ? undefined : this.#daemon.groups.get(group)?.find(process);
  }

  #group(name: string): ProcessGroup {
    const group = this.#daemon.groups.get(name);
    if (!group) throw new RpcFault('BAD_NAME', name);
    return group;
  }

  #process(name: string): SupervisedProcess {
    const process = this.find(name);
    if (!process) throw new RpcFault('BAD_NAME', name);
    return process;
  }

  /** One process, or all of `group:*`. */
  #target(name: string): SupervisedProcess | ProcessGroup {
    const [group, process] = splitName(name);
    if (process !== undefined) return this.#process(name);
    const found = this.#daemon.groups.get(group);
    if (!found) throw new RpcFault('BAD_NAME', name);
    return found;
  }

  async #begin(process: SupervisedProcess, name: string): Promise<void> {
    try {
      await process.command();
    } catch (error) {
      if (!(error instanceof CommandProblem)) throw error;
      throw new RpcFault(error.kind === 'no-file' ? 'NO_FILE' : 'NOT_EXECUTABLE', error.message);
    }
    if (process.isRunning) throw new RpcFault('ALREADY_STARTED', name);
    if (process.state === PROCESS_STATES.UNKNOWN)
      throw new RpcFault('FAILED', `${name} is in an unknown process state`);
    // One that is being stopped is started after its end.
    if (process.state === PROCESS_STATES.STOPPING) await process.until(() => process.isStopped);
    await process.spawn();
    if (process.state === PROCESS_STATES.BACKOFF || process.state === PROCESS_STATES.FATAL)
      throw new RpcFault('SPAWN_ERROR', name);
  }

  async #started(process: SupervisedProcess, name: string): Promise<void> {
    await process.until(() => process.state !== PROCESS_STATES.STARTING);
    if (process.state === PROCESS_STATES.RUNNING) return;
    throw process.state === PROCESS_STATES.BACKOFF || process.state === PROCESS_STATES.FATAL
      ? new RpcFault('SPAWN_ERROR', name)
      : new RpcFault('ABNORMAL_TERMINATION', name);
  }

  #startAll(processes: readonly SupervisedProcess[], wait: boolean): Promise<RpcValue> {
    return resultsOf(
      processes.filter((process) => !process.isRunning),
      async (process) => {
        await this.#begin(process, process.fullName);
        return wait ? this.#started(process, process.fullName) : undefined;
      },
    );
  }

  async #stop(process: SupervisedProcess, name: string, wait: boolean): Promise<void> {
    if (!process.isRunning) throw new RpcFault('NOT_RUNNING', name);
    const problem = await process.stop();
    if (problem !== undefined) throw new RpcFault('FAILED', problem);
    if (wait) await process.until(() => process.isStopped);
  }

  #stopAll(processes: readonly SupervisedProcess[], wait: boolean): Promise<RpcValue> {
    return resultsOf(
      processes.filter((process) => process.isRunning),
      (process) => this.#stop(process, process.fullName, wait),
    );
  }

  #signal(process: SupervisedProcess, name: string, text: RpcValue): void {
    const word = typeof text === 'string' || typeof text === 'number' ? String(text) : '';
    const signal = readSignal(word);
    if (!signal) throw new RpcFault('BAD_SIGNAL', word);
    if (!SIGNALLABLE.has(process.state)) throw new RpcFault('NOT_RUNNING', name);
    const problem = process.signal(signal);
    if (problem !== undefined) throw new RpcFault('FAILED', problem);
  }

  #signalAll(processes: readonly SupervisedProcess[], signal: RpcValue): Promise<RpcValue> {
    return resultsOf(
      processes.filter((process) => process.isRunning),
      async (process) => this.#signal(process, process.fullName, signal),
    );
  }

  #clear(process: SupervisedProcess, name: string): void {
    try {
      process.stdout.clear();
      process.stderr.clear();
    } catch {
      throw new RpcFault('FAILED', name);
    }
  }
}

/** `group:process`; `group:*` and `group:` mean all of the group; a bare `x` is process `x` of group `x`. */
function splitName(name: string): [group: string, process: string | undefined] {
  const colon = name.indexOf(':');
  if (colon === -1) return [name, name];
  const process = name.slice(colon + 1);
  return [name.slice(0, colon), process === '' || process === '*' ? undefined : process];
}

/** Does the same to many at once; what fails is a result like the others. */
async function resultsOf(
  processes: readonly SupervisedProcess[],
  action: (process: SupervisedProcess) => Promise<void>,
): Promise<RpcValue> {
  return Promise.all(
    processes.map(async (process): Promise<RpcStruct> => {
      const { name, group } = process;
      try {
        await action(process);
        return { name, group, status: FAULTS.SUCCESS, description: 'OK' };
      } catch (error) {
        if (!(error instanceof RpcFault)) throw error;
        return { name, group, status: error.faultCode, description: error.message };
      }
    }),
  );
}
