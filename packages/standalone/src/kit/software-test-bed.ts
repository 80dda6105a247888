import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Logger, silentLogger } from '@slapos/host';
import type { PartitionInformation } from '@slapos/slap';
import { supervisorPaths } from '@slapos/supervisor';
import { StandaloneError } from '../errors.js';
import type { StandaloneInstance, StandaloneRequest } from '../node/instance.js';
import type { StandaloneOptions } from '../configuration/options.js';
import { type StandaloneNode, startStandalone } from '../node/standalone-node.js';
import { sendSoftwareBill } from '../bill/dependency-track.js';
import { writeSoftwareBill } from '../bill/software-bill.js';
import { assertSoundSoftware } from './check-software.js';
import { readTestEnvironment, servedSoftwareUrl, type TestEnvironment } from './environment.js';
import { keepSnapshot } from './snapshots.js';
import { TestCaseLog } from './test-case-log.js';

const DEFAULT_PARTITIONS = 10;
const DEFAULT_RETRIES = { software: 10, instance: 20, report: 20 };
/** The first report pass of a destroyed tree only marks what it has requested. */
const LEAST_ROUNDS = 2;
const DEFAULT_REFERENCE = 'testing partition 0';

/** What a suite about a Software Release runs with. */
export interface SoftwareTestOptions extends Omit<StandaloneOptions, 'format' | 'onClose'> {
  /** The release: a URL, a path, or the URL of a file, such as `new URL('./software.cfg', import.meta.url)`. */
  readonly software: string | URL;
  /** Further releases that are built, for instances that request others. */
  readonly alsoSupply?: readonly (string | URL)[] | undefined;
  /** How many partitions. Default 10. */
  readonly partitions?: number | undefined;
  /** How often passes that fail are repeated. Default 10 for software, 20 for instances and reports. */
  readonly retries?: { readonly software?: number; readonly instance?: number; readonly report?: number } | undefined;
  /** Whether the built release is looked at, see `checkSoftware`. Default: unless `builder` is given. */
  readonly check?: boolean | undefined;
  /**
   * Whether a bill of materials of each built release is written to the node's folder, as `MD5.cdx.json`, and sent to the Dependency-Track
   * that the variables name. Default: unless `builder` is given.
   */
  readonly bill?: boolean | undefined;
  /** Where logs and files are kept when something fails, and `testcase.log`, which a suite with a `directory` has there else. Default: nowhere. */
  readonly snapshotDirectory?: string | undefined;
  /** Variables `SLAPOS_TEST_…` that stand for options that are not given: `process.env`. Default: none. */
  readonly variables?: Readonly<Record<string, string | undefined>> | undefined;
}

/** An instance as a suite requests it; what is left out has defaults. */
export type SoftwareTestRequest = Partial<Omit<StandaloneRequest, 'softwareReleaseUrl'>> & {
  readonly softwareReleaseUrl?: string | URL;
};

/** A node on which a Software Release is built once, for tests that request instances of it (spec: standalone §6.2). */
export class SoftwareTestBed implements AsyncDisposable {
  readonly node: StandaloneNode;
  readonly softwareReleaseUrl: string;
  readonly #options: SoftwareTestOptions;
  readonly #environment: TestEnvironment;
  readonly #logger: Logger;
  readonly #requests = new Map<string, StandaloneRequest>();

  readonly #resources = new Map<string, { readonly make: unknown; readonly resource: Promise<AsyncDisposable> }>();

  private constructor(
    node: StandaloneNode,
    options: SoftwareTestOptions,
    environment: TestEnvironment,
    logger: Logger,
  ) {
    this.#logger = logger;
    this.node = node;
    this.softwareReleaseUrl = releaseUrl(options.software, environment);
    this.#options = options;
    this.#environment = environment;
  }

  /**
   * Starts a node, builds the release and looks at it. When that fails, a snapshot is kept and the node is removed.
   * @throws PassFailedError; StandaloneError `STANDALONE_UNSOUND_SOFTWARE` and those of `startStandalone`
   */
  static async start(options: SoftwareTestOptions): Promise<SoftwareTestBed> {
    const environment = readTestEnvironment(options.variables ?? {});
    const { directory, sharedParts, ipv4, ipv6 } = environment;
    const {
      software: _software,
      alsoSupply: _alsoSupply,
      partitions = DEFAULT_PARTITIONS,
      retries: _retries,
      check: _check,
      bill: _bill,
      snapshotDirectory: _snapshotDirectory,
      variables: _variables,
      ...others
    } = options;
    const snapshotDirectory = options.snapshotDirectory ?? environment.snapshotDirectory;
    if (snapshotDirectory !== undefined) await mkdir(snapshotDirectory, { recursive: true });
    const logDirectory = snapshotDirectory ?? options.directory ?? environment.directory;
    const logger =
      logDirectory === undefined
        ? (options.logger ?? silentLogger)
        : new TestCaseLog(logDirectory, softwareName(releaseUrl(options.software, environment)), options.logger);
    const node = await startStandalone({
      ...others,
      logger,
      directory: options.directory ?? directory,
      sharedParts: options.sharedParts ?? sharedParts,
      format: { partitions, ipv4, ipv6 },
    });
    const bed = new SoftwareTestBed(node, options, environment, logger);
    try {
      await bed.#build();
      return bed;
    } catch (error) {
      await bed.keepSnapshot('setup failed');
      await node[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #build(): Promise<void> {
    const urls = [
      this.softwareReleaseUrl,
      ...(this.#options.alsoSupply ?? []).map((release) => releaseUrl(release, this.#environment)),
    ];
    for (const url of urls) await this.node.supply(url);
    const { debug, skipSoftwareCheck, skipSoftwareRebuild } = this.#environment;
    const isTakenUp = this.#options.directory !== undefined || this.#environment.directory !== undefined;
    await this.node.buildSoftware({
      retries: this.#options.retries?.software ?? DEFAULT_RETRIES.software,
      force: isTakenUp && !skipSoftwareRebuild,
      debug,
    });
    const isReal = this.#options.builder === undefined;
    if (this.#options.bill ?? isReal) for (const softwareReleaseUrl of urls) await this.#writeBill(softwareReleaseUrl);
    if (!(this.#options.check ?? isReal) || skipSoftwareCheck) return;
    for (const softwareReleaseUrl of urls) await this.checkSoftware(softwareReleaseUrl);
  }

  /** That a server does not take it is no reason to fail a suite about the release. */
  async #writeBill(softwareReleaseUrl: string): Promise<void> {
    const { softwareRoot, directory } = this.node.layout;
    const name = softwareName(softwareReleaseUrl);
    const file = await writeSoftwareBill(directory, { softwareRoot, softwareReleaseUrl, softwareName: name });
    this.#logger.info('Wrote a bill of materials', { file });
    const { dependencyTrack } = this.#environment;
    if (dependencyTrack === undefined) return;
    await sendSoftwareBill(file, dependencyTrack).catch((error: unknown) => {
      this.#logger.error('The bill of materials could not be sent', { error });
    });
  }

  /** Looks at a built release. @throws StandaloneError `STANDALONE_UNSOUND_SOFTWARE` */
  async checkSoftware(softwareReleaseUrl = this.softwareReleaseUrl): Promise<void> {
    const { softwareRoot, sharedPartRoot } = this.node.layout;
    await assertSoundSoftware({ softwareRoot, softwareReleaseUrl, sharedParts: [sharedPartRoot] });
  }

  /**
   * Requests an instance and deploys it, until its promises pass. It is destroyed at the end.
   * @throws PassFailedError after a snapshot was kept
   */
  async request(request: SoftwareTestRequest = {}): Promise<StandaloneInstance> {
    const { softwareReleaseUrl, partitionReference = DEFAULT_REFERENCE } = request;
    const url =
      softwareReleaseUrl === undefined ? this.softwareReleaseUrl : releaseUrl(softwareReleaseUrl, this.#environment);
    const whole = { ...request, softwareReleaseUrl: url, partitionReference };
    this.#requests.set(partitionReference, whole);
    const instance = await this.node.request(whole);
    await this.processInstances(`request ${partitionReference}`);
    return instance;
  }

  /** Deploys what has changed, until all promises pass. @throws PassFailedError after a snapshot was kept */
  async processInstances(snapshotName = 'processing instances'): Promise<void> {
    try {
      const retries = this.#options.retries?.instance ?? DEFAULT_RETRIES.instance;
      await this.node.processInstances({ retries, debug: this.#environment.debug });
    } catch (error) {
      await this.keepSnapshot(`${snapshotName} failed`);
      throw error;
    }
  }

  /**
   * A resource that the tests share, such as a server: made at the first call, disposed of at the end, after all instances.
   * @throws StandaloneError `STANDALONE_INVALID_OPTIONS` when the name was given to what another function made
   */
  async use<Resource extends AsyncDisposable>(name: string, make: () => Promise<Resource>): Promise<Resource> {
    const known = this.#resources.get(name);
    if (known !== undefined && known.make !== make) {
      throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `There is another resource ${JSON.stringify(name)}`, {
        hint: 'Choose another name, or give the same function.',
      });
    }
    const entry = known ?? { make, resource: make() };
    this.#resources.set(name, entry);
    return (await entry.resource) as Resource;
  }

  /** The partition of an instance by its title, those that instances have requested included; undefined when there is none. */
  async findPartition(instanceTitle: string): Promise<PartitionInformation | undefined> {
    return (await this.#busyPartitions()).find((partition) => partition.instanceTitle === instanceTitle);
  }

  /** Keeps logs and files under a name; gives the folder, or undefined when none was named for snapshots. */
  async keepSnapshot(name: string): Promise<string | undefined> {
    const directory = this.#options.snapshotDirectory ?? this.#environment.snapshotDirectory;
    if (directory === undefined) return undefined;
    const folder = path.join(directory, softwareName(this.softwareReleaseUrl));
    return keepSnapshot(this.node.layout, { directory: folder, name });
  }

  /**
   * Destroys all instances, those that they requested included, looks for what they left behind, and ends the node, whatever fails.
   * @throws StandaloneError `STANDALONE_LEAKED`; what else failed, as AggregateError when it is several
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    const attempt = async (step: string, action: () => Promise<void>): Promise<void> => {
      try {
        await action();
      } catch (error) {
        failures.push(error);
        await this.keepSnapshot(`clean-up ${step} failed`).catch((reason: unknown) => failures.push(reason));
      }
    };
    await attempt('destroying', () => this.#destroyAll());
    for (const [name, { resource }] of [...this.#resources].reverse())
      await attempt(`closing ${name}`, async () => (await resource)[Symbol.asyncDispose]());
    await attempt('looking for leaks', () => this.#findLeaks());
    await attempt('stopping', () => this.node[Symbol.asyncDispose]());
    const [first] = failures;
    if (failures.length > 1)
      throw new AggregateError(failures, `The clean-up failed: ${messageOf(first)}`, { cause: first });
    if (failures.length === 1) throw first;
  }

  /** Instances may have requested others: what is still there after those of the suite is destroyed by its title. */
  async #destroyAll(): Promise<void> {
    for (const request of this.#requests.values()) await this.node.request({ ...request, state: 'destroyed' });
    await this.#freePartitions();
    const left = await this.#busyPartitions();
    for (const { instanceTitle, softwareReleaseUrl = '', softwareType } of left) {
      if (instanceTitle === undefined) continue;
      await this.node.request({
        softwareReleaseUrl,
        softwareType,
        partitionReference: instanceTitle,
        state: 'destroyed',
      });
    }
    if (left.length > 0) await this.#freePartitions();
  }

  /** A master frees a partition only when those that its instance requested are free: one round a level. */
  async #freePartitions(): Promise<void> {
    let busy = Number.POSITIVE_INFINITY;
    for (let round = 0; ; round += 1) {
      await this.node.processInstances({ retries: this.#options.retries?.instance ?? DEFAULT_RETRIES.instance });
      await this.node.processReports({ retries: this.#options.retries?.report ?? DEFAULT_RETRIES.report });
      const left = (await this.#busyPartitions()).length;
      if (left === 0 || (round >= LEAST_ROUNDS && left >= busy)) return;
      busy = left;
    }
  }

  async #busyPartitions(): Promise<PartitionInformation[]> {
    const { partitions } = await this.node.computer.fetchInformation();
    return partitions.filter(({ softwareReleaseUrl }) => softwareReleaseUrl !== undefined);
  }

  async #findLeaks(): Promise<void> {
    const busy = (await this.#busyPartitions()).map(({ partitionId, instanceTitle }) => instanceTitle ?? partitionId);
    if (busy.length > 0) {
      throw new StandaloneError(
        'STANDALONE_LEAKED',
        `The following partitions were not cleaned up: ${busy.join(', ')}`,
      );
    }
    const { includeDirectory } = supervisorPaths(this.node.layout.instanceRoot);
    const leaked = (await readdir(includeDirectory)).filter((name) => name.endsWith('.conf')).sort();
    if (leaked.length === 0) return;
    throw new StandaloneError('STANDALONE_LEAKED', `Test leaked supervisor configurations: ${leaked.join(', ')}`);
  }
}

function releaseUrl(release: string | URL, { served }: TestEnvironment): string {
  if (typeof release === 'string') return servedSoftwareUrl(release, served);
  return servedSoftwareUrl(release.protocol === 'file:' ? fileURLToPath(release) : release.href, served);
}

/** The last folder of the URL's path. */
function softwareName(softwareReleaseUrl: string): string {
  return path.basename(path.dirname(softwareReleaseUrl)) || 'software';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
