import type { Logger, UntrustedDirectory, UserIdentity } from '@slapos/host';

import type { BinaryCacheRequest } from '../binary-cache/binary-cache.js';
import { BuildError, errorReport, GridError } from '../errors.js';
import type { Emit, ItemOutcome } from '../pass/events.js';
import { checkFreeSpace } from '../pass/free-space.js';
import { DEFAULT_MINIMUM_FREE_BYTES, type SoftwarePassOptions } from '../pass/options.js';
import { folderUser } from '../pass/owner.js';
import type { SoftwarePorts } from '../pass/ports.js';
import { buildLogPath, withBuildLog } from './build-log.js';
import { asctime, COMPLETED_FILE } from './completed.js';
import { checkLocalSource, noteGitRevision } from './local-source.js';
import { copyNetrc } from './netrc.js';
import { openRoot } from './observe.js';
import type { PlannedCollection, PlannedRelease } from './plan.js';
import { ensureSubdirectory } from '../pass/subdirectory.js';

const RELEASE_MODE = 0o755;
const COMPLETED_MODE = 0o644;
/** A release with this file is never given to the binary cache. (spec: grid 1) */
const SHARED_MARK = '.shared';

/** What became of one Software Release. */
export interface SoftwareItemResult {
  readonly softwareReleaseUrl: string;
  readonly directoryName: string;
  readonly action: PlannedRelease['action'];
  readonly reason: PlannedRelease['reason'];
  readonly outcome: ItemOutcome;
  readonly durationMs: number;
  /** Present when it failed. */
  readonly error?: Error;
  /** Present when something was built: the whole output. */
  readonly logPath?: string;
}

/** What the work on one release needs. */
export interface SoftwareContext {
  readonly options: SoftwarePassOptions;
  readonly ports: SoftwarePorts;
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
}

type SoftwareExecutor = (planned: PlannedRelease, context: SoftwareContext, logger: Logger) => Promise<ItemOutcome>;
type SoftwareExecutors = Readonly<Record<PlannedRelease['action'], SoftwareExecutor>>;

const EXECUTORS: SoftwareExecutors = {
  build: buildRelease,
  keep: async () => 'unchanged',
  destroy: destroyRelease,
  skip: async () => 'skipped',
  refuse: async (planned) => {
    if (planned.reason === 'invalid-url') {
      throw new GridError(
        'GRID_INVALID_VALUE',
        `Not a URL that can be built: ${JSON.stringify(planned.softwareReleaseUrl)}`,
        {
          hint: 'It is empty, too long, or has blanks or control characters. Supply the right one.',
        },
      );
    }
    throw new GridError(
      'GRID_UNKNOWN_STATE',
      `The master wants ${planned.softwareReleaseUrl} in the unknown state ${JSON.stringify(planned.requestedState)}`,
      { hint: 'A Software Release can be available or destroyed.' },
    );
  },
};

function callOptions(context: SoftwareContext): { signal?: AbortSignal } {
  return context.signal === undefined ? {} : { signal: context.signal };
}

function owner(user: UserIdentity | undefined): { uid?: number; gid?: number } {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

async function buildRelease(planned: PlannedRelease, context: SoftwareContext, logger: Logger): Promise<ItemOutcome> {
  const { options, ports } = context;
  const { softwareReleaseUrl, directoryName } = planned;
  await ports.master.reportSoftwareBuilding(softwareReleaseUrl, callOptions(context));
  await using root = await openRoot(options.softwareRoot, 'software_root');
  const directory = `${root.path}/${directoryName}`;
  const user = await folderUser(ports.host, { path: root.path, ...(await root.statSelf()) });
  await checkFreeSpace(
    ports.host,
    directory,
    options.minimumFreeBytes ?? DEFAULT_MINIMUM_FREE_BYTES,
    'software_min_free_space',
  );
  const cacheRequest: BinaryCacheRequest = { softwareReleaseUrl, directoryName, softwareRoot: root.path, user };
  if (await fetchRelease(cacheRequest, await root.exists(directoryName), context)) {
    await using folder = await root.openSubdirectory(directoryName);
    await completeRelease(softwareReleaseUrl, folder, user, context);
    return 'downloaded';
  }
  await checkLocalSource(ports.host, softwareReleaseUrl, user, {
    isAllowed: options.allowLocalSoftware ?? !ports.host.isRoot,
  });
  await using folder = await ensureSubdirectory(root, directoryName, { mode: RELEASE_MODE, ...owner(user) });
  // The folder may be of a time when software_root belonged to somebody else. (spec: grid 5.4)
  await folder.setOwnAttributes(owner(user));
  // A build that is repeated and fails must not leave the word of the one before.
  await folder.remove(COMPLETED_FILE);
  await copyNetrc(ports.host, folder, (await root.statSelf()).uid, user);
  await runBuild(planned, context, logger, folder, directory, user);
  await giveAway(cacheRequest, folder, context);
  await completeRelease(softwareReleaseUrl, folder, user, context);
  return 'built';
}

/** The mark is the last thing: if the report is lost, the next pass builds again, quickly, and reports again. (spec: grid 5.1) */
async function completeRelease(
  softwareReleaseUrl: string,
  folder: UntrustedDirectory,
  user: UserIdentity | undefined,
  context: SoftwareContext,
): Promise<void> {
  const { host, master } = context.ports;
  await master.reportSoftwareAvailable(softwareReleaseUrl, callOptions(context));
  await folder.writeAtomic(COMPLETED_FILE, asctime(host.clock.now()), { mode: COMPLETED_MODE, ...owner(user) });
}

function beginsWithOne(url: string, prefixes: readonly string[] | undefined): boolean {
  return (prefixes ?? []).some((prefix) => url.startsWith(prefix));
}

/**
 * Takes the release from the binary cache, when it may be and is there. (spec: grid 5.3)
 * @throws GridError `GRID_CACHE_FAILED` for a release that may not be built here.
 */
async function fetchRelease(request: BinaryCacheRequest, exists: boolean, context: SoftwareContext): Promise<boolean> {
  const { options, ports, signal } = context;
  const url = request.softwareReleaseUrl;
  const isForced = beginsWithOne(url, options.mustDownloadPrefixes);
  if (!exists && ports.binaryCache !== undefined) {
    if (beginsWithOne(url, options.neverDownloadPrefixes)) {
      ports.logger.info('Not looked for in the binary cache: the URL is on its blacklist', { software: url });
    } else if (await ports.binaryCache.download(request, signal)) return true;
  }
  if (!isForced) return false;
  throw new GridError(
    'GRID_CACHE_FAILED',
    exists
      ? `${url} must come from the binary cache, but its folder ${request.directoryName} exists already. It will be tried again.`
      : `${url} must come from the binary cache, which does not have it. It will be tried again.`,
    {
      retryable: true,
      hint: exists
        ? 'Destroy the release, or remove the folder, so that it can be unpacked.'
        : 'It is in download-from-binary-cache-force-url-list; the log says why the cache could not be used.',
    },
  );
}

/** Gives a release that was built here to the binary cache. Never a reason to fail. (spec: grid 5.3) */
async function giveAway(
  request: BinaryCacheRequest,
  folder: UntrustedDirectory,
  context: SoftwareContext,
): Promise<void> {
  const { options, ports, signal } = context;
  if (ports.binaryCache === undefined || (await folder.exists(SHARED_MARK))) return;
  if (beginsWithOne(request.softwareReleaseUrl, options.neverUploadPrefixes)) {
    ports.logger.info('Not uploaded to the binary cache: the URL is on its blacklist', {
      software: request.softwareReleaseUrl,
    });
    return;
  }
  await ports.binaryCache.upload(request, signal);
}

async function runBuild(
  planned: PlannedRelease,
  context: SoftwareContext,
  logger: Logger,
  folder: UntrustedDirectory,
  directory: string,
  user: UserIdentity | undefined,
): Promise<void> {
  const { options, ports, emit, signal } = context;
  const { softwareReleaseUrl } = planned;
  const preparation = {
    softwareReleaseUrl,
    directory,
    user,
    sharedPartList: options.sharedPartList ?? [],
    buildTimePartList: options.buildTimePartList ?? [],
  };
  await ports.builder.prepareSoftware(preparation);
  await noteGitRevision(ports, folder, softwareReleaseUrl, user);
  let parts = 0;
  await withBuildLog(options.instanceRoot, planned.directoryName, logger, async (log, partsBefore) => {
    // A build that does more than the one before shows that the number is not right any more.
    const estimate = (): { estimatedTotal?: number } =>
      partsBefore === undefined || parts > partsBefore ? {} : { estimatedTotal: partsBefore };
    await ports.builder.buildSoftware(
      {
        ...preparation,
        networkCache: options.networkCache ?? {},
        newest: options.force === true,
        debug: options.buildoutDebug === true,
        logPath: log.path,
        ...(options.buildoutProgram === undefined ? {} : { buildoutProgram: options.buildoutProgram }),
        onLine: (line) => {
          log.write(line);
          logger.info(line);
          emit('software.output', { software: softwareReleaseUrl, line });
        },
        onPart: (part) => {
          parts += 1;
          emit('software.part', { software: softwareReleaseUrl, part, index: parts, ...estimate() });
        },
      },
      signal,
    );
    return parts;
  });
}

async function destroyRelease(planned: PlannedRelease, context: SoftwareContext, logger: Logger): Promise<ItemOutcome> {
  // These lines, and those of a collection, are looked for by scripts (spec: cli §3.2).
  logger.info(`Destroying '${planned.softwareReleaseUrl}' ...`, { directory: planned.directoryName });
  await using root = await openRoot(context.options.softwareRoot, 'software_root');
  await removeReleaseFolder(root, planned.directoryName, context.signal);
  await context.ports.master.reportSoftwareDestroyed(planned.softwareReleaseUrl, callOptions(context));
  logger.info(`Destroyed '${planned.softwareReleaseUrl}' .`);
  return 'removed';
}

/** Removes a release's folder; says whether it was there. Its mark goes first, so that a half-removed one never looks complete. */
async function removeReleaseFolder(
  root: UntrustedDirectory,
  name: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const stat = await root.stat(name);
  if (stat === undefined) return false;
  if (stat.type === 'directory') {
    await using folder = await root.openSubdirectory(name);
    await folder.remove(COMPLETED_FILE);
  }
  await root.removeTree(name, signal === undefined ? {} : { signal });
  return true;
}

/** Carries out one decision. Never rejects: a failure is reported to the master and is part of the result. */
export async function applyRelease(planned: PlannedRelease, context: SoftwareContext): Promise<SoftwareItemResult> {
  const { ports, emit, options, signal } = context;
  const { softwareReleaseUrl, directoryName, action, reason } = planned;
  const logger = ports.logger.child({ software: softwareReleaseUrl });
  // Only what was under way is told to the master as interrupted. (spec: grid 3.4)
  const isInterrupted = (): boolean => signal?.aborted === true;
  if (isInterrupted()) return { ...planned, outcome: 'skipped', durationMs: 0 };
  const began = ports.host.clock.monotonic();
  const works = action === 'build' || action === 'destroy' || action === 'refuse';
  const finish = (outcome: ItemOutcome, error?: Error): SoftwareItemResult => {
    const durationMs = ports.host.clock.monotonic() - began;
    const logPath =
      action === 'build' && (outcome === 'built' || error instanceof BuildError)
        ? buildLogPath(options.instanceRoot, directoryName)
        : undefined;
    const extra = { ...(logPath === undefined ? {} : { logPath }) };
    emit('software.finished', {
      software: softwareReleaseUrl,
      outcome,
      durationMs,
      ...(error === undefined ? {} : { message: error.message }),
      ...extra,
    });
    return { ...planned, outcome, durationMs, ...(error === undefined ? {} : { error }), ...extra };
  };
  if (works) emit('software.started', { software: softwareReleaseUrl, action });
  const managed = {
    softwareReleaseUrl,
    requestedState: planned.requestedState,
    directory: `${options.softwareRoot}/${directoryName}`,
    softwareRoot: options.softwareRoot,
    logger,
  };
  try {
    await ports.managers?.run('software', managed);
    const outcome = await EXECUTORS[action](planned, context, logger);
    await ports.managers?.run('softwareTearDown', managed);
    return finish(outcome);
  } catch (thrown) {
    const error = isInterrupted() ? interrupted(thrown) : asError(thrown);
    // The output of a build has been logged while it came.
    if (!(error instanceof BuildError)) logger.error('Failed to process the Software Release', { reason, error });
    if (works) await ports.master.reportSoftwareError(softwareReleaseUrl, errorReport(error));
    return finish('failed', error);
  }
}

/** Removes a folder that nobody asks for. A failure is only logged. (spec: grid 5.8) */
export async function applyCollection(planned: PlannedCollection, context: SoftwareContext): Promise<boolean> {
  const { logger } = context.ports;
  const directory = `${context.options.softwareRoot}/${planned.directoryName}`;
  logger.info(`Destroying garbage collected software folder ${directory} ...`);
  try {
    context.signal?.throwIfAborted();
    await using root = await openRoot(context.options.softwareRoot, 'software_root');
    await removeReleaseFolder(root, planned.directoryName, context.signal);
    logger.info(`Destroyed ${directory} .`);
    context.emit('software.removed', { directory });
    return true;
  } catch (error) {
    logger.error('Cannot remove a Software Release that nobody asks for', { directory, error });
    return false;
  }
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}

function interrupted(cause: unknown): GridError {
  return new GridError('GRID_INTERRUPTED', 'The pass was interrupted', { cause, retryable: true });
}
