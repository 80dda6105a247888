import path from 'node:path';
import type { InstancePassResult, ReportPassResult, SoftwarePassResult } from '@slapos/grid';
import {
  createLinuxHost,
  type HeldLock,
  isProcessAlive,
  isSlapOSError,
  type LinuxHost,
  readProcessStatus,
  removeTree,
} from '@slapos/host';
import type { Proxy } from '@slapos/proxy';
import type { Computer, ComputerPartition, SlapClient } from '@slapos/slap';
import {
  createSupervisordAdapter,
  type ProcessInfo,
  type Supervisor,
  writeSupervisorEnvironment,
} from '@slapos/supervisor';
import { StandaloneError } from '../errors.js';
import { type AutomaticPasses, type AutomaticPassesOptions, startAutomaticPasses } from './automatic-passes.js';
import { type FormatState, readKeptState, writeConfiguration } from '../configuration/configuration.js';
import { makeFolders, temporaryFolder } from '../configuration/folders.js';
import { formatNode } from './format-node.js';
import { refuseFilter, StandaloneInstance, type StandaloneRequest } from './instance.js';
import { checkDepth, type PassName, type StandaloneLayout, standaloneLayout } from '../configuration/layout.js';
import { openMaster, type StandaloneMaster } from './master.js';
import {
  type FormatPartitions,
  type ResolvedStandaloneOptions,
  resolveStandaloneOptions,
  type StandaloneOptions,
} from '../configuration/options.js';
import { PassLog } from './pass-log.js';
import {
  buildSoftware,
  type BuildSoftwareOptions,
  type PassesContext,
  processInstances,
  type ProcessInstancesOptions,
  processReports,
} from './passes.js';
import { systemSupervisorPid } from '../configuration/system-supervisor.js';
import type { PassRetryOptions } from './run-pass.js';
import { type OwnerGuard, watchdogCommand } from './watchdog-command.js';

/** As long as the Python program waits. */
const DEFAULT_STOP_MS = 300_000;

/** What exists only while the node runs. */
interface Running {
  readonly lock: HeldLock;
  readonly master: StandaloneMaster;
}

/**
 * A whole node: mini-master, supervisor, and the passes that make the machine what is asked for, in one folder, driven from a program.
 * Nothing of the machine outside of the folder is touched (spec: standalone). Dispose of it at the end.
 */
export class StandaloneNode implements AsyncDisposable {
  readonly layout: StandaloneLayout;
  readonly computerId: string;
  /** The supervisor of the instances' services. */
  readonly services: Supervisor;
  readonly #given: StandaloneOptions;
  readonly #options: ResolvedStandaloneOptions;
  readonly #host: LinuxHost;
  readonly #isTemporary: boolean;
  readonly #watchdogProgram: string;
  #format: FormatState = { partitionAmount: -1, hasIpv6Ranges: false };
  #running: Running | undefined;

  /** @internal Made by {@link startStandalone}. */
  constructor(directory: string, given: StandaloneOptions, options: ResolvedStandaloneOptions) {
    this.#given = given;
    this.#options = options;
    this.#isTemporary = options.directory === undefined;
    this.layout = standaloneLayout(directory, options);
    this.computerId = options.computerId;
    const isEnding = this.#isTemporary || options.onClose === 'stop';
    this.#watchdogProgram = watchdogCommand(
      isEnding ? ownerGuard(this.#isTemporary ? directory : undefined) : undefined,
    );
    this.#host = createLinuxHost({
      ...(given.logger === undefined ? {} : { logger: given.logger }),
      ...(given.environment === undefined ? {} : { environment: given.environment }),
    });
    this.services = createSupervisordAdapter({
      instanceRoot: this.layout.instanceRoot,
      commands: this.#host.commands,
      logger: this.#log('instance'),
      kind: options.supervisor,
    });
  }

  /** The folder that holds everything. */
  get directory(): string {
    return this.layout.directory;
  }
  /** The folder of a partition. */
  partitionDirectory(partitionId: string): string {
    return path.join(this.layout.instanceRoot, partitionId);
  }
  /** Where clients reach the mini-master. @throws StandaloneError `STANDALONE_NOT_RUNNING` */
  get masterUrl(): string {
    return this.#require().master.url;
  }
  /** A client of the mini-master, closed with the node. @throws StandaloneError `STANDALONE_NOT_RUNNING` */
  get client(): SlapClient {
    return this.#require().master.client;
  }
  /** The mini-master itself, for faults and snapshots. @throws StandaloneError `STANDALONE_NOT_RUNNING` */
  get proxy(): Proxy {
    return this.#require().master.proxy;
  }
  /** This computer, as the master knows it. @throws StandaloneError `STANDALONE_NOT_RUNNING` */
  get computer(): Computer {
    return this.client.registerComputer(this.computerId);
  }
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Starts the mini-master and the supervisor; what runs already is left alone. Idempotent.
   * @throws StandaloneError `STANDALONE_IN_USE`, `STANDALONE_PATH_TOO_DEEP`, `STANDALONE_INVALID_OPTIONS`; ProxyError, SupervisorError
   */
  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    checkDepth(this.layout);
    await makeFolders(this.layout, this.#options, this.#host.users);
    await this.#refuseSystemSupervisor();
    const lock = await this.#lock();
    let master: StandaloneMaster | undefined;
    try {
      const kept = await readKeptState(this.layout);
      this.#format = kept.format;
      master = await openMaster(this.layout, this.#options, this.#options.listen.port ?? kept.port ?? 0);
      await this.#writeConfiguration(master.port);
      await this.#startSupervisor(master.url);
      this.#running = { lock, master };
    } catch (error) {
      await master?.[Symbol.asyncDispose]();
      await lock.release();
      throw error;
    }
  }

  /**
   * Makes exactly these partitions; 0 empties the machine.
   * @throws StandaloneError `STANDALONE_BUSY_PARTITION`, `STANDALONE_FORMAT_FAILED`, `STANDALONE_INVALID_OPTIONS`
   */
  async format(partitions: number | FormatPartitions): Promise<void> {
    const { client, port } = this.#require().master;
    const wanted = typeof partitions === 'number' ? { partitions } : partitions;
    const ports = { host: this.#host, supervisor: this.services, client, logger: this.#log('instance') };
    this.#format = await formatNode(wanted, this.layout, this.#options, ports);
    await this.#writeConfiguration(port);
  }

  /**
   * Asks for a Software Release (`available`), or for its removal (`destroyed`), by the next {@link buildSoftware}.
   * A release may be an `http(s):`, `file:` URL or a path.
   */
  async supply(
    softwareReleaseUrl: string,
    options: { readonly state?: 'available' | 'destroyed'; readonly computerId?: string } = {},
  ): Promise<void> {
    if (options.computerId !== undefined && options.computerId !== this.computerId) {
      throw new StandaloneError('STANDALONE_INVALID_OPTIONS', 'Can only supply on embedded computer', {
        hint: `Its id is ${this.computerId}.`,
      });
    }
    const { state = 'available' } = options;
    await this.client.registerSupply().supply({ softwareReleaseUrl, computerId: this.computerId, state });
  }

  /**
   * Requests an instance; the same name updates the same instance. It is deployed by the next {@link processInstances}.
   * @throws StandaloneError `STANDALONE_NOT_READY`, `STANDALONE_INVALID_OPTIONS`; SlapError when no partition is free
   */
  async request(request: StandaloneRequest): Promise<StandaloneInstance> {
    refuseFilter(request);
    const context = {
      instanceRoot: this.layout.instanceRoot,
      supervisor: this.services,
      request: (again: StandaloneRequest) => this.#request(again),
    };
    return new StandaloneInstance(context, request, await this.#request(request));
  }

  async #request(request: StandaloneRequest): Promise<ComputerPartition> {
    const answer = await this.client.registerOpenOrder().request(request);
    if (answer.isReady) return answer;
    throw new StandaloneError('STANDALONE_NOT_READY', answer.toError().message, { retryable: true });
  }

  /**
   * Builds what is supplied and removes what is not wanted any more.
   * @throws PassFailedError `STANDALONE_SOFTWARE_FAILED` with the end of the log; StandaloneError `STANDALONE_INVALID_OPTIONS`
   */
  async buildSoftware(options: BuildSoftwareOptions = {}): Promise<SoftwarePassResult> {
    if (this.#options.instanceOnly) {
      throw new StandaloneError('STANDALONE_INVALID_OPTIONS', 'A node with instanceOnly builds no software.');
    }
    return buildSoftware(this.#passes(), options);
  }

  /**
   * Deploys what is requested, starts its services and checks its promises.
   * @throws PassFailedError `STANDALONE_INSTANCE_FAILED` with the end of the log
   */
  async processInstances(options: ProcessInstancesOptions = {}): Promise<InstancePassResult> {
    return processInstances(this.#passes(), options);
  }

  /**
   * Sends what instances have used, and removes those that are to be destroyed: only this frees their partitions.
   * @throws PassFailedError `STANDALONE_REPORT_FAILED` with the end of the log
   */
  async processReports(options: PassRetryOptions = {}): Promise<ReportPassResult> {
    return processReports(this.#passes(), options);
  }

  /** Runs the passes again and again, as a node does that nobody drives; disposing of the result ends it. */
  auto(options: AutomaticPassesOptions = {}): AutomaticPasses {
    this.#require();
    return startAutomaticPasses(this, options, this.#options.instanceOnly);
  }

  /**
   * Stops all services, the supervisor and the mini-master. {@link start} may follow. Idempotent.
   * @param options `timeoutMs`: how long services may take to end, in milliseconds; default 300,000. What outlives it is left to itself.
   * @throws StandaloneError `STANDALONE_STILL_RUNNING` that names the processes
   */
  async stop({ timeoutMs = DEFAULT_STOP_MS }: { readonly timeoutMs?: number } = {}): Promise<void> {
    // What is not ours to control, such as a node that another program runs, is left alone.
    if (this.#running === undefined) return;
    const processes = await this.#serviceProcesses();
    const isInTime = await this.#shutdownServices(timeoutMs);
    // Whoever starts the supervisor next is not us: its watchdog must not wait for our end.
    if (!this.#isTemporary) await this.#writeSupervisor(this.masterUrl, watchdogCommand(undefined));
    await this.#close();
    const survivors = processes.filter(({ pid }) => isProcessAlive(pid));
    if (survivors.length === 0 && isInTime) return;
    const names = survivors.map(({ group, name, pid }) => `${group}:${name} (pid ${pid})`);
    throw new StandaloneError(
      'STANDALONE_STILL_RUNNING',
      `Could not terminate some processes: ${names.join(', ') || 'the supervisor'}`,
      {
        hint: 'A service may take stopwaitsecs of its configuration to end: give stop() more time, or end them yourself.',
      },
    );
  }

  /** Whether all had ended in time. */
  async #shutdownServices(timeoutMs: number): Promise<boolean> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      await this.services.shutdown({ signal });
      return true;
    } catch (error) {
      if (!signal.aborted) throw error;
      return false;
    }
  }

  /** Ends the node as `onClose` says; a temporary folder is removed. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#options.onClose === 'leave' && !this.#isTemporary) await this.#close();
      else await this.stop();
    } finally {
      await this.services[Symbol.asyncDispose]();
      await this.#host[Symbol.asyncDispose]();
      if (this.#isTemporary) await removeTree(this.layout.directory);
    }
  }

  async #close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.master[Symbol.asyncDispose]();
    await running?.lock.release();
  }

  async #serviceProcesses(): Promise<ProcessInfo[]> {
    if (!(await this.services.isRunning())) return [];
    return (await this.services.allProcessInfo()).filter(({ pid }) => pid > 0);
  }

  async #lock(): Promise<HeldLock> {
    try {
      return await this.#host.locks.acquire(this.layout.lock);
    } catch (error) {
      if (!isSlapOSError(error) || error.code !== 'HOST_LOCKED') throw error;
      throw new StandaloneError('STANDALONE_IN_USE', `Another program controls the node in ${this.layout.directory}`, {
        hint: 'Let it end first, or use another folder.',
        cause: error,
      });
    }
  }

  /** A supervisord that runs the node as the Python program does owns the mini-master and the services. */
  async #refuseSystemSupervisor(): Promise<void> {
    const pid = await systemSupervisorPid(this.layout);
    if (pid === undefined) return;
    throw new StandaloneError('STANDALONE_IN_USE', `The supervisord ${pid} runs the node in ${this.directory}`, {
      hint: `End it first: supervisorctl --configuration ${this.layout.systemSupervisor} shutdown`,
    });
  }

  /** One that runs already is told who its owner is now, before its watchdog misses the former one. */
  async #startSupervisor(masterUrl: string): Promise<void> {
    const isChanged = await this.#writeSupervisor(masterUrl, this.#watchdogProgram);
    await this.services.ensureRunning();
    if (!isChanged) return;
    await this.services.update();
    await this.services.ensureRunning();
  }

  #writeSupervisor(masterUrl: string, program: string): Promise<boolean> {
    const { instanceRoot } = this.layout;
    return writeSupervisorEnvironment({ instanceRoot, watchdog: { program, masterUrl, computerId: this.computerId } });
  }

  async #writeConfiguration(port: number): Promise<void> {
    await writeConfiguration({ layout: this.layout, options: this.#options, port, format: this.#format });
  }

  #passes(): PassesContext {
    return {
      layout: this.layout,
      options: this.#options,
      host: this.#host,
      supervisor: this.services,
      master: this.#require().master,
      builder: this.#given.builder,
      onEvent: this.#given.onEvent,
      watchdogProgram: this.#watchdogProgram,
      log: (pass) => this.#log(pass),
    };
  }

  #log(pass: PassName): PassLog {
    return new PassLog(this.layout.log(pass), this.#given.logger);
  }

  #require(): Running {
    if (this.#running !== undefined) return this.#running;
    throw new StandaloneError('STANDALONE_NOT_RUNNING', `The standalone node in ${this.layout.directory} is stopped`, {
      hint: 'Call start() first.',
    });
  }
}

function ownerGuard(temporaryDirectory: string | undefined): OwnerGuard | undefined {
  const { pid } = process;
  const startTime = readProcessStatus(pid)?.startTime;
  return startTime === undefined ? undefined : { pid, startTime, temporaryDirectory };
}

/**
 * Makes a node, or takes up the one that the folder holds, and starts it (spec: standalone §1).
 * `await using node = await startStandalone({ format: 3 });`
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS`, `STANDALONE_ROOT`, `STANDALONE_PATH_TOO_DEEP`, `STANDALONE_IN_USE`
 */
export async function startStandalone(options: StandaloneOptions = {}): Promise<StandaloneNode> {
  const resolved = resolveStandaloneOptions(options);
  const node = new StandaloneNode(resolved.directory ?? (await temporaryFolder()), options, resolved);
  try {
    await node.start();
    if (resolved.format !== undefined) await node.format(resolved.format);
    return node;
  } catch (error) {
    await node[Symbol.asyncDispose]();
    throw error;
  }
}
