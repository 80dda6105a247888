import {
  createBuildoutBuilder,
  createPromiseRunner,
  createSlapMaster,
  type GridPorts,
  type InstancePassOptions,
  type InstancePassResult,
  PASS_EXIT_CODES,
  type ReportPassResult,
  runInstancePass,
  runReportPass,
  runSoftwarePass,
  type SoftwareBuilder,
  type SoftwarePassResult,
} from '@slapos/grid';
import type { Host } from '@slapos/host';
import type { PassObserver } from '@slapos/grid';
import type { Supervisor } from '@slapos/supervisor';
import type { PassFailure } from '../errors.js';
import type { PassName, StandaloneLayout } from '../configuration/layout.js';
import type { StandaloneMaster } from './master.js';
import type { ResolvedStandaloneOptions } from '../configuration/options.js';
import type { PassLog } from './pass-log.js';
import { type PassRetryOptions, runPass, type RunPassContext } from './run-pass.js';

const DEFAULT_SOFTWARE_ERROR_LINES = 50;
const DEFAULT_ERROR_LINES = 30;

/** How releases are built (spec: standalone §4.6). */
export interface BuildSoftwareOptions extends PassRetryOptions {
  /** Builds again what is complete. Default false. */
  readonly force?: boolean | undefined;
  /** URLs of the only releases that are looked at. */
  readonly only?: readonly string[] | undefined;
  /** Runs buildout with `-D` on our terminal. Default false. */
  readonly debug?: boolean | undefined;
}

/** How instances are processed (spec: standalone §4.6). */
export interface ProcessInstancesOptions extends PassRetryOptions {
  /** Processes what has not changed as well. Default false. */
  readonly force?: boolean | undefined;
  /** Ids of the only partitions that are looked at. */
  readonly only?: readonly string[] | undefined;
  /** When it is done: when all promises pass (default), or when everything is deployed, whatever the promises say. */
  readonly until?: 'promises' | 'deployed' | undefined;
  /** For one promise. Default 20. */
  readonly promiseTimeoutSeconds?: number | undefined;
  /** Runs buildout with `-D` on our terminal. Default false. */
  readonly debug?: boolean | undefined;
}

/** What the passes of one node work with. */
export interface PassesContext {
  readonly layout: StandaloneLayout;
  readonly options: ResolvedStandaloneOptions;
  readonly host: Host;
  readonly supervisor: Supervisor;
  readonly master: StandaloneMaster;
  readonly builder: SoftwareBuilder | undefined;
  readonly onEvent: PassObserver | undefined;
  /** Command line. */
  readonly watchdogProgram: string;
  readonly log: (pass: PassName) => PassLog;
}

/** Runs the software pass until it succeeds. */
export function buildSoftware(context: PassesContext, wanted: BuildSoftwareOptions): Promise<SoftwarePassResult> {
  return runPass(passContext(context, 'software'), wanted, async () => {
    const options = {
      ...nodeOptions(context),
      force: wanted.force ?? false,
      allowLocalSoftware: true,
      buildoutDebug: wanted.debug ?? false,
      ...(wanted.only === undefined ? {} : { onlySoftwareReleases: wanted.only }),
    };
    const result = await runSoftwarePass(options, ports(context, 'software'), control(context, wanted));
    const failures = result.items.flatMap(({ softwareReleaseUrl, error }) => failureOf(softwareReleaseUrl, error));
    return { result, exitStatus: PASS_EXIT_CODES[result.outcome], failures };
  });
}

/** Runs the instance pass until it succeeds. */
export function processInstances(context: PassesContext, wanted: ProcessInstancesOptions): Promise<InstancePassResult> {
  return runPass(passContext(context, 'instance'), wanted, async () => {
    const options: InstancePassOptions = {
      ...nodeOptions(context),
      force: wanted.force ?? false,
      buildoutDebug: wanted.debug ?? false,
      ...(wanted.only === undefined ? {} : { onlyPartitions: wanted.only }),
      ...(wanted.promiseTimeoutSeconds === undefined ? {} : { promiseTimeoutSeconds: wanted.promiseTimeoutSeconds }),
    };
    const result = await runInstancePass(options, ports(context, 'instance'), control(context, wanted));
    const isEnough = wanted.until === 'deployed' && result.outcome === 'promise-failure';
    const failures = result.items.flatMap(({ partitionId, instanceTitle, error }) =>
      failureOf(instanceTitle === undefined ? partitionId : `${instanceTitle} (${partitionId})`, error),
    );
    const offline = failureOf('the master', result.offlineError);
    return { result, exitStatus: isEnough ? 0 : PASS_EXIT_CODES[result.outcome], failures: [...failures, ...offline] };
  });
}

/** Runs the report pass until it succeeds. */
export function processReports(context: PassesContext, wanted: PassRetryOptions): Promise<ReportPassResult> {
  return runPass(passContext(context, 'report'), wanted, async () => {
    const result = await runReportPass(nodeOptions(context), ports(context, 'report'), control(context, wanted));
    const failures = result.items.flatMap(({ partitionId, error }) => failureOf(partitionId, error));
    const unsent = failureOf('the usage reports', result.sendingError);
    return { result, exitStatus: PASS_EXIT_CODES[result.outcome], failures: [...failures, ...unsent] };
  });
}

function failureOf(reference: string, cause: Error | undefined): PassFailure[] {
  return cause === undefined ? [] : [{ reference, cause }];
}

function passContext(context: PassesContext, name: PassName): RunPassContext {
  return {
    name,
    log: context.log(name),
    locks: context.host.locks,
    pidFile: context.layout.pidFile(name),
    defaultErrorLines: name === 'software' ? DEFAULT_SOFTWARE_ERROR_LINES : DEFAULT_ERROR_LINES,
  };
}

/** What all passes of this node have in common. */
function nodeOptions({
  layout,
  options,
  master,
  watchdogProgram,
}: PassesContext): Pick<
  InstancePassOptions,
  | 'computerId'
  | 'masterUrl'
  | 'softwareRoot'
  | 'instanceRoot'
  | 'minimumFreeBytes'
  | 'sharedPartList'
  | 'watchdogProgram'
> & { buildoutProgram?: string } {
  return {
    computerId: options.computerId,
    masterUrl: master.url,
    softwareRoot: layout.softwareRoot,
    instanceRoot: layout.instanceRoot,
    minimumFreeBytes: options.minimumFreeBytes,
    sharedPartList: [...options.sharedParts, layout.sharedPartRoot],
    watchdogProgram,
    ...(options.buildoutProgram === undefined ? {} : { buildoutProgram: options.buildoutProgram }),
  };
}

function ports({ host, supervisor, master, options, builder, log }: PassesContext, pass: PassName): GridPorts {
  const logger = log(pass);
  const port = createSlapMaster(master.client, options.computerId);
  return {
    host,
    supervisor,
    logger,
    master: port,
    builder: builder ?? createBuildoutBuilder({ commands: host.commands, logger }),
    promises: createPromiseRunner({ host, master: port, logger }),
  };
}

function control(
  { onEvent }: PassesContext,
  { signal }: PassRetryOptions,
): { signal?: AbortSignal; observer?: PassObserver } {
  return { ...(signal === undefined ? {} : { signal }), ...(onEvent === undefined ? {} : { observer: onEvent }) };
}
