import type { UserIdentity } from '@slapos/host';

/** A built Software Release to fetch or to give away. */
export interface BinaryCacheRequest {
  readonly softwareReleaseUrl: string;
  /** Name of its folder in the software root, which is its key in the cache. */
  readonly directoryName: string;
  readonly softwareRoot: string;
  /** Owner of the software root; `undefined`: we ourselves. */
  readonly user: UserIdentity | undefined;
}

/**
 * Keeps built Software Releases for others (shacache and shadir). (spec: grid 6) `createNetworkBinaryCache` is the real one.
 * Both calls reject only when they are aborted: whatever else goes wrong means that the release has to be built, or is not given away.
 */
export interface BinaryCache {
  /** Puts a built release in its folder, which must not exist. Returns whether it did; why not has been logged. */
  download(request: BinaryCacheRequest, signal?: AbortSignal): Promise<boolean>;
  /** Gives a built release away. Returns whether it did; why not has been logged. */
  upload(request: BinaryCacheRequest, signal?: AbortSignal): Promise<boolean>;
}
