import { readdir, rm } from 'node:fs/promises';

import { createLinuxHost, type Host } from '@slapos/host';
import { RecordingLogger } from '@slapos/host/testing';
import { createSupervisordAdapter, type Supervisor } from '@slapos/supervisor';
import { execa } from 'execa';

import {
  createBuildoutBuilder,
  createPromiseRunner,
  type GridPorts,
  type InstancePassOptions,
  type InstancePassResult,
  type PassControl,
  type PassEvent,
  type ReportPassOptions,
  type ReportPassResult,
  runInstancePass,
  runReportPass,
  runSoftwarePass,
  type SoftwarePassOptions,
  type SoftwarePassResult,
} from '../../src/index.js';
import { aPartition, InMemoryMaster } from '../../src/testing.js';
import { type TemporaryNode, temporaryNode } from './node.js';

/** A node with everything real but the master. */
export class Harness implements AsyncDisposable {
  readonly node: TemporaryNode;
  readonly master = new InMemoryMaster();
  readonly logger = new RecordingLogger();
  readonly events: PassEvent[] = [];
  readonly host: Host;
  readonly supervisor: Supervisor;
  /** What a test replaces. */
  ports: GridPorts;
  readonly #ownPorts: GridPorts;

  private constructor(node: TemporaryNode) {
    this.node = node;
    this.host = createLinuxHost();
    this.supervisor = createSupervisordAdapter({
      instanceRoot: node.instanceRoot,
      commands: this.host.commands,
      logger: this.logger,
    });
    this.#ownPorts = {
      host: this.host,
      master: this.master,
      supervisor: this.supervisor,
      builder: createBuildoutBuilder({ commands: this.host.commands, logger: this.logger }),
      promises: createPromiseRunner({ host: this.host, master: this.master, logger: this.logger }),
      logger: this.logger,
    };
    this.ports = this.#ownPorts;
  }

  static async create(): Promise<Harness> {
    return new Harness(await temporaryNode());
  }

  get #common(): Pick<
    SoftwarePassOptions,
    'computerId' | 'masterUrl' | 'softwareRoot' | 'instanceRoot' | 'minimumFreeBytes'
  > {
    const { softwareRoot, instanceRoot } = this.node;
    return { computerId: 'COMP-0', masterUrl: 'none', softwareRoot, instanceRoot, minimumFreeBytes: 1n };
  }

  runSoftware(options: Partial<SoftwarePassOptions> = {}, signal?: AbortSignal): Promise<SoftwarePassResult> {
    return runSoftwarePass({ ...this.#common, allowLocalSoftware: true, ...options }, this.ports, {
      observer: (event) => this.events.push(event),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  runInstance(options: Partial<InstancePassOptions> = {}, signal?: AbortSignal): Promise<InstancePassResult> {
    return runInstancePass({ ...this.#common, ...options }, this.ports, {
      observer: (event) => this.events.push(event),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  runReport(
    control: Omit<PassControl, 'observer'> = {},
    options: Partial<ReportPassOptions> = {},
  ): Promise<ReportPassResult> {
    return runReportPass({ ...this.#common, ...options }, this.ports, {
      observer: (event) => this.events.push(event),
      ...control,
    });
  }

  /** Builds a release once; `reset` sets it back to how it is now. */
  async prebuild(name: string): Promise<void> {
    this.supply(name);
    const { outcome } = await this.runSoftware();
    if (outcome !== 'success') throw new Error(`${name} was not built: ${this.messages('error').join('\n')}`);
    await execa('cp', ['-a', this.node.softwareRoot, this.#built]);
    await this.reset();
  }

  get #built(): string {
    return `${this.node.directory}/built`;
  }

  /** Forgets all partitions and everything that a test did, but keeps the supervisor and the releases that were built before. */
  async reset(): Promise<void> {
    const { instanceRoot, softwareRoot, certificateRepositoryPath } = this.node;
    const groups = `${instanceRoot}/etc/supervisord.conf.d`;
    if ((await readdir(groups).catch(() => [])).length > 0) {
      for (const name of await readdir(groups)) await rm(`${groups}/${name}`);
      if (await this.supervisor.isRunning()) await this.supervisor.update();
    }
    const kept = ['etc', 'var', 'sv.sock'];
    for (const name of await readdir(instanceRoot))
      if (!kept.includes(name)) await rm(`${instanceRoot}/${name}`, { recursive: true });
    await rm(`${instanceRoot}/var/lib/grid`, { recursive: true, force: true });
    for (const name of await readdir(certificateRepositoryPath)) await rm(`${certificateRepositoryPath}/${name}`);
    await rm(softwareRoot, { recursive: true });
    await execa('cp', ['-a', this.#built, softwareRoot]);
    this.ports = this.#ownPorts;
    this.master.information = { computerId: 'COMP-0', softwareReleases: [], partitions: [] };
    this.master.calls.splice(0);
    this.master.heal();
    this.logger.records.splice(0);
    this.events.splice(0);
  }

  /** Asks for releases in the state `available`. */
  supply(...names: string[]): void {
    this.master.information = {
      ...this.master.information,
      softwareReleases: names.map((name) => ({
        url: this.node.releaseUrl(name),
        computerId: 'COMP-0',
        requestedState: 'available',
      })),
    };
  }

  /** Asks for partitions; those that are given replace those of the same id. */
  request(...partitions: Parameters<typeof aPartition>[0][]): void {
    const asked = partitions.map(aPartition);
    const others = this.master.information.partitions.filter(
      ({ partitionId }) => !asked.some((partition) => partition.partitionId === partitionId),
    );
    this.master.information = { ...this.master.information, partitions: [...others, ...asked] };
  }

  /** The names of the calls since the last look, without the details. */
  takeCalls(): string[] {
    return this.master.calls
      .splice(0)
      .map(([method, subject]) => (typeof subject === 'string' ? `${method} ${subject}` : method));
  }

  /** What was logged at this level. */
  messages(level: 'info' | 'warn' | 'error'): string[] {
    return this.logger.records.filter((record) => record.level === level).map((record) => record.message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.supervisor.shutdown();
    await this.supervisor[Symbol.asyncDispose]();
    await this.node[Symbol.asyncDispose]();
  }
}
