import type { UserIdentity } from '@slapos/host';

import type { NetworkCacheParameters } from './software-profile.js';
import type { PartitionProfileOptions } from './partition-profile.js';

/** One line of a build, as it comes. */
export interface BuildObserver {
  /** A complete line of output, as the build printed it: escape it before showing it. */
  readonly onLine?: (line: string) => void;
  /** A part is being installed or updated. */
  readonly onPart?: (part: string) => void;
}

/** How a build is run. */
export interface BuildCommonOptions extends BuildObserver {
  /** Who runs it; `undefined`: we ourselves. */
  readonly user: UserIdentity | undefined;
  /** The program that bootstraps. Absent: `buildout` in the usual folders. */
  readonly buildoutProgram?: string;
  /** Run buildout with `-D` on our terminal: a failure opens its debugger. */
  readonly debug?: boolean;
  /** File in which the whole output is kept, for messages. */
  readonly logPath?: string;
}

/** What the folder of a Software Release is prepared with. */
export interface PrepareSoftwareOptions {
  readonly softwareReleaseUrl: string;
  /** Its folder, which exists. */
  readonly directory: string;
  /** Who owns what is made; `undefined`: we ourselves. */
  readonly user: UserIdentity | undefined;
  readonly sharedPartList: readonly string[];
  readonly buildTimePartList: readonly string[];
}

/** A Software Release to build. */
export interface BuildSoftwareOptions extends BuildCommonOptions, PrepareSoftwareOptions {
  readonly networkCache: NetworkCacheParameters;
  /** Look for newer versions of what is installed (`--force`). */
  readonly newest: boolean;
}

/** A partition to instantiate. */
export interface InstantiateOptions extends BuildCommonOptions {
  /** The partition's folder. */
  readonly directory: string;
  /** The folder of the built Software Release. */
  readonly releaseDirectory: string;
  readonly profile: PartitionProfileOptions;
  readonly timeoutMs?: number;
  /** Added to the environment of everything that runs. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Builds Software Releases and instantiates partitions from them. `createBuildoutBuilder` is the real one.
 * Both calls may be repeated, also after having been killed at any instant.
 */
export interface SoftwareBuilder {
  /** Writes what a build starts from, without running anything. What is there already is kept. */
  prepareSoftware(options: PrepareSoftwareOptions): Promise<void>;
  /** Builds a release that was prepared. @throws BuildError when the build fails; GridError when it cannot begin. */
  buildSoftware(options: BuildSoftwareOptions, signal?: AbortSignal): Promise<void>;
  /** @throws BuildError when the build fails or runs out of time; GridError when it cannot begin. */
  instantiate(options: InstantiateOptions, signal?: AbortSignal): Promise<void>;
}
