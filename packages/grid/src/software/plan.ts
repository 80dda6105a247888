import { isSafeUrl } from '../buildout/values.js';
import { softwareReleaseHash } from './release-path.js';

/** What a pass found about the folder of one Software Release. */
export interface ObservedRelease {
  readonly directoryExists: boolean;
  /** Whether a non-empty `.completed` is there: built, and reported to the master. */
  readonly completed: boolean;
  /** Milliseconds since 1970. */
  readonly completedAtMs?: number;
}

/** What a pass found in the software root. */
export interface ObservedSoftware {
  /** By the folder's name. A release that is not in it has no folder. */
  readonly releases: ReadonlyMap<string, ObservedRelease>;
  /** Names of the folders that look like a release (32 hexadecimal digits, with a `buildout.cfg`). */
  readonly releaseFolders: readonly string[];
}

/** One Software Release as the master asks for it. */
export interface RequestedRelease {
  readonly url: string;
  /** `available` or `destroyed`. */
  readonly requestedState: string;
}

/** The options of the software pass that decide what is done. */
export interface SoftwarePlanOptions {
  /** Build releases that are complete, too. */
  readonly force?: boolean;
  /** URLs or MD5s; empty: all. */
  readonly onlySoftwareReleases?: readonly string[];
  /** Remove the folders of releases that the master does not ask for. */
  readonly collectGarbage?: boolean;
}

/** Why a release is handled as planned. */
export type SoftwareReason =
  | 'new'
  | 'incomplete'
  | 'forced'
  | 'complete'
  | 'requested'
  | 'filtered'
  | 'duplicate'
  | 'invalid-url'
  | 'unknown-state'
  | 'not-requested';

/** One decision of the software pass. */
export interface PlannedRelease {
  readonly action: 'build' | 'keep' | 'destroy' | 'skip' | 'refuse';
  readonly reason: SoftwareReason;
  readonly softwareReleaseUrl: string;
  readonly requestedState: string;
  /** Name of its folder in the software root. */
  readonly directoryName: string;
  /** When it was built and reported, in milliseconds since 1970. */
  readonly completedAtMs?: number;
}

/** A folder that nobody asks for. */
export interface PlannedCollection {
  readonly action: 'collect';
  readonly reason: 'not-requested';
  readonly directoryName: string;
}

/** Everything that a software pass would do, in order. */
export interface SoftwarePlan {
  readonly releases: readonly PlannedRelease[];
  readonly collections: readonly PlannedCollection[];
}

function planRelease(
  observed: ObservedRelease | undefined,
  release: RequestedRelease,
  directoryName: string,
  options: SoftwarePlanOptions & { readonly only: ReadonlySet<string> | undefined },
): Pick<PlannedRelease, 'action' | 'reason'> {
  if (options.only !== undefined && !options.only.has(directoryName)) return { action: 'skip', reason: 'filtered' };
  if (!isSafeUrl(release.url)) return { action: 'refuse', reason: 'invalid-url' };
  if (release.requestedState === 'destroyed') return { action: 'destroy', reason: 'requested' };
  if (release.requestedState !== 'available') return { action: 'refuse', reason: 'unknown-state' };
  if (observed?.directoryExists !== true) return { action: 'build', reason: 'new' };
  if (!observed.completed) return { action: 'build', reason: 'incomplete' };
  if (options.force === true) return { action: 'build', reason: 'forced' };
  return { action: 'keep', reason: 'complete' };
}

/** The MD5s that `--only` names: each item is a URL or already an MD5. */
function filterSet(items: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (items === undefined || items.length === 0) return undefined;
  return new Set(items.flatMap((item) => [item, softwareReleaseHash(item)]));
}

/**
 * Decides what a software pass does. Pure; in the master's order. (spec: grid 5.1, 5.8)
 * A filter together with garbage collection is refused by the caller (spec: grid 5.8), since everything outside the filter would be garbage.
 */
export function planSoftware(
  observed: ObservedSoftware,
  requested: readonly RequestedRelease[],
  options: SoftwarePlanOptions,
): SoftwarePlan {
  const only = filterSet(options.onlySoftwareReleases);
  const seen = new Set<string>();
  const wanted = new Set<string>();
  const releases = requested.map((release): PlannedRelease => {
    const directoryName = softwareReleaseHash(release.url);
    const decision: Pick<PlannedRelease, 'action' | 'reason'> = seen.has(directoryName)
      ? { action: 'skip', reason: 'duplicate' }
      : planRelease(observed.releases.get(directoryName), release, directoryName, { ...options, only });
    seen.add(directoryName);
    if (release.requestedState !== 'destroyed') wanted.add(directoryName);
    const completedAtMs = observed.releases.get(directoryName)?.completedAtMs;
    return {
      ...decision,
      softwareReleaseUrl: release.url,
      requestedState: release.requestedState,
      directoryName,
      ...(completedAtMs === undefined ? {} : { completedAtMs }),
    };
  });
  const collections =
    options.collectGarbage === true
      ? observed.releaseFolders
          .filter((name) => !wanted.has(name))
          .map((directoryName): PlannedCollection => ({ action: 'collect', reason: 'not-requested', directoryName }))
      : [];
  return { releases, collections };
}
