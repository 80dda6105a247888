import { createLinuxHost, type Host } from '@slapos/host';
import { RecordingLogger } from '@slapos/host/testing';
import { createSupervisordAdapter, type Supervisor } from '@slapos/supervisor';

import {
  createBuildoutBuilder,
  createPromiseRunner,
  type GridPorts,
  type InstancePassOptions,
  type InstancePassResult,
  type PassEvent,
  type ReportPassControl,
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

  private constructor(node: TemporaryNode) {
    this.node = node;
    this.host = createLinuxHost();
    this.supervisor = createSupervisordAdapter({
      instanceRoot: node.instanceRoot,
      commands: this.host.commands,
      logger: this.logger,
    });
    this.ports = {
      host: this.host,
      master: this.master,
      supervisor: this.supervisor,
      builder: createBuildoutBuilder({ commands: this.host.commands, logger: this.logger }),
      promises: createPromiseRunner({ host: this.host, master: this.master, logger: this.logger }),
      logger: this.logger,
    };
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
    control: Omit<ReportPassControl, 'observer'> = {},
    options: Partial<ReportPassOptions> = {},
  ): Promise<ReportPassResult> {
    return runReportPass({ ...this.#common, ...options }, this.ports, {
      observer: (event) => this.events.push(event),
      ...control,
    });
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
