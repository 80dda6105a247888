import type { Computer, ComputerPartition, RequestDictionary } from '@slapos/slap';
import type { Supervisor } from '@slapos/supervisor';
import type { ForwardedMaster, StandaloneOptions } from './configuration/options.js';
import { StandaloneError } from './errors.js';
import type { PassRetryOptions } from './node/run-pass.js';
import { type StandaloneNode, startStandalone } from './node/standalone-node.js';

export { PassFailedError as SlapOSNodeCommandError, PathTooDeepError } from './errors.js';
export { portOfPath as getPortFromPath } from './kit/environment.js';
export { freePort as findFreeTCPPort } from './kit/free-ports.js';
export { promiseConfiguration as getPromisePluginParameterDict } from './kit/promise-configuration.js';

const MILLISECONDS_PER_SECOND = 1000;
const DEFAULT_STOP_SECONDS = 300;

/** Releases that are asked for at another master, as a person (spec: standalone §1.1). */
export interface PartitionForwardConfiguration {
  readonly master_url: string;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Exact URLs. */
  readonly software_release_list: readonly string[];
}

/** Releases that are asked for at another master, as a partition of it (spec: standalone §1.1). */
export interface PartitionForwardAsPartitionConfiguration extends PartitionForwardConfiguration {
  readonly computer: string;
  readonly partition: string;
}

/** The further arguments of the Python constructor, by the same names (spec: standalone §1); those of ours may stand beside them. */
export interface StandaloneSlapOSOptions
  extends Pick<StandaloneOptions, 'builder' | 'logger' | 'user' | 'environment'> {
  readonly computer_id?: string | undefined;
  readonly shared_part_list?: readonly string[] | undefined;
  readonly software_root?: string | undefined;
  readonly instance_root?: string | undefined;
  readonly shared_part_root?: string | undefined;
  readonly partition_forward_configuration?:
    | readonly (PartitionForwardConfiguration | PartitionForwardAsPartitionConfiguration)[]
    | undefined;
  readonly slapos_bin?: string | undefined;
  readonly local_software_release_root?: string | undefined;
  readonly public_directory_path?: string | undefined;
  readonly instance_only?: boolean | undefined;
}

/** How often a pass is repeated, and what its error shows (spec: standalone §4.6). */
export interface WaitOptions {
  /** Default 0. */
  readonly max_retry?: number | undefined;
  /** Runs buildout with `-D` on our terminal. Default false. */
  readonly debug?: boolean | undefined;
  /** Lines of the log in the error; 0: all. Default 30, for software 50. */
  readonly error_lines?: number | undefined;
}

/** What is asked for; names as in the Python program (spec: standalone §4.5). */
export interface RequestArguments {
  readonly software_release: string;
  readonly partition_reference: string;
  readonly software_type?: string | undefined;
  readonly shared?: boolean | undefined;
  readonly partition_parameter_kw?: RequestDictionary | undefined;
  /** Refused: there is one computer only. */
  readonly filter_kw?: Readonly<Record<string, unknown>> | undefined;
  readonly state?: 'started' | 'stopped' | 'destroyed' | undefined;
}

/**
 * A standalone node by the names of the Python program, for suites that come from there. What Python's constructor does takes time here, so
 * that it is `await StandaloneSlapOS.open(…)`. New programs are better off with `startStandalone`.
 */
export class StandaloneSlapOS implements AsyncDisposable {
  /** The node itself, for what has no name there. */
  readonly node: StandaloneNode;

  private constructor(node: StandaloneNode) {
    this.node = node;
  }

  /**
   * Makes the node in a folder, or takes it up, and starts it.
   * @throws StandaloneError as `startStandalone`
   */
  static async open(
    base_directory: string,
    server_ip: string,
    server_port: number,
    options: StandaloneSlapOSOptions = {},
  ): Promise<StandaloneSlapOS> {
    const { builder, logger, user, environment } = options;
    const node = await startStandalone({
      directory: base_directory,
      listen: { host: server_ip, port: server_port },
      computerId: options.computer_id,
      sharedParts: options.shared_part_list,
      softwareRoot: options.software_root,
      instanceRoot: options.instance_root,
      sharedPartRoot: options.shared_part_root,
      forward: options.partition_forward_configuration?.map(forwardedMaster),
      slaposProgram: options.slapos_bin,
      localSoftwareReleaseRoot: options.local_software_release_root,
      publicDirectory: options.public_directory_path,
      instanceOnly: options.instance_only,
      builder,
      logger,
      user,
      environment,
    });
    return new StandaloneSlapOS(node);
  }

  get computer(): Computer {
    return this.node.computer;
  }
  get software_directory(): string {
    return this.node.layout.softwareRoot;
  }
  get shared_directory(): string {
    return this.node.layout.sharedPartRoot;
  }
  get instance_directory(): string {
    return this.node.layout.instanceRoot;
  }
  /** The supervisor of the services; typed calls instead of a proxy for XML-RPC. */
  get instance_supervisor_rpc(): Supervisor {
    return this.node.services;
  }

  /** Starts what does not run. */
  async start(): Promise<void> {
    await this.node.start();
  }

  /**
   * Stops everything; {@link start} may follow.
   * @param timeout seconds
   * @throws StandaloneError `STANDALONE_STILL_RUNNING`
   */
  async stop(timeout: number = DEFAULT_STOP_SECONDS): Promise<void> {
    await this.node.stop({ timeoutMs: timeout * MILLISECONDS_PER_SECOND });
  }

  /**
   * Makes exactly these partitions.
   * @throws StandaloneError `STANDALONE_BUSY_PARTITION`
   */
  async format(
    partition_count: number,
    ipv4_address: string,
    ipv6_address: string,
    partition_base_name = 'slappart',
  ): Promise<void> {
    await this.node.format({
      partitions: partition_count,
      ipv4: ipv4_address,
      ipv6: ipv6_address,
      baseName: partition_base_name,
    });
  }

  /** Asks for a release, or for its removal. @throws StandaloneError `STANDALONE_INVALID_OPTIONS` for another computer */
  async supply(
    software_url: string,
    computer_guid?: string,
    state: 'available' | 'destroyed' = 'available',
  ): Promise<void> {
    await this.node.supply(software_url, {
      state,
      ...(computer_guid === undefined ? {} : { computerId: computer_guid }),
    });
  }

  /**
   * Requests an instance; called again it has fresh connection parameters.
   * @throws StandaloneError `STANDALONE_INVALID_OPTIONS` for a filter, `STANDALONE_NOT_READY`; SlapError when no partition is free
   */
  async request(wanted: RequestArguments): Promise<ComputerPartition> {
    if (wanted.filter_kw !== undefined) {
      throw new StandaloneError('STANDALONE_INVALID_OPTIONS', 'Can only request on embedded computer', {
        hint: 'Leave `filter_kw` out: a standalone node is one computer.',
      });
    }
    const answer = await this.node.client.registerOpenOrder().request({
      softwareReleaseUrl: wanted.software_release,
      partitionReference: wanted.partition_reference,
      ...(wanted.software_type === undefined ? {} : { softwareType: wanted.software_type }),
      ...(wanted.shared === undefined ? {} : { shared: wanted.shared }),
      ...(wanted.partition_parameter_kw === undefined ? {} : { parameters: wanted.partition_parameter_kw }),
      ...(wanted.state === undefined ? {} : { state: wanted.state }),
    });
    if (answer.isReady) return answer;
    throw new StandaloneError('STANDALONE_NOT_READY', answer.toError().message, { retryable: true });
  }

  /** Builds what is supplied and removes what is not wanted. @throws SlapOSNodeCommandError `STANDALONE_SOFTWARE_FAILED` */
  async waitForSoftware(options: WaitOptions & { readonly install_all?: boolean | undefined } = {}): Promise<void> {
    await this.node.buildSoftware({ ...retries(options), debug: options.debug, force: options.install_all });
  }

  /** Deploys what is requested, until its promises pass. @throws SlapOSNodeCommandError `STANDALONE_INSTANCE_FAILED` */
  async waitForInstance(options: WaitOptions = {}): Promise<void> {
    await this.node.processInstances({ ...retries(options), debug: options.debug });
  }

  /** Frees the partitions of destroyed instances. @throws SlapOSNodeCommandError `STANDALONE_REPORT_FAILED` */
  async waitForReport(options: Omit<WaitOptions, 'debug'> = {}): Promise<void> {
    await this.node.processReports(retries(options));
  }

  /** Stops the node. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.node[Symbol.asyncDispose]();
  }
}

/** Failed passes are run again at once, as there. */
function retries({ max_retry, error_lines }: WaitOptions): PassRetryOptions {
  return { retries: max_retry, errorLines: error_lines, retryDelayMs: 0 };
}

function forwardedMaster(
  configuration: PartitionForwardConfiguration | PartitionForwardAsPartitionConfiguration,
): ForwardedMaster {
  const { master_url, cert, key, software_release_list } = configuration;
  return {
    masterUrl: master_url,
    softwareReleaseUrls: software_release_list,
    certFile: cert,
    keyFile: key,
    ...('computer' in configuration
      ? { as: { computerId: configuration.computer, partitionId: configuration.partition } }
      : {}),
  };
}
