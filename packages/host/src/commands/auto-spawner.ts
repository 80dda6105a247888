import { inheritedDescriptors } from './descriptors.js';
import { HelperSpawner } from './helper-spawner.js';
import { DirectSpawner, type SpawnedProcess, type Spawner, type SpawnListener, type SpawnRequest } from './spawner.js';

/** From here on forking costs more than asking the helper: measured, about 42 ms a spawn at 1 GB, 3 ms below 100 MB. */
const LARGE_PROCESS_BYTES = 160 * 1024 * 1024;

export interface AutoSpawnerOptions {
  readonly direct?: Spawner;
  readonly helper?: Spawner & AsyncDisposable;
  /** How large this process is, in bytes. */
  readonly residentBytes?: () => number;
  /** What we inherited that our children would inherit in turn. */
  readonly inherited?: () => readonly number[];
}

/**
 * Starts processes from this one while that is cheap and safe, otherwise from a helper: when we are large, when we inherited
 * descriptors that our children would inherit in turn, and when the command must not outlive us.
 */
export class AutoSpawner implements Spawner, AsyncDisposable {
  readonly #direct: Spawner;
  readonly #helper: Spawner & AsyncDisposable;
  readonly #residentBytes: () => number;
  readonly #inherited: () => readonly number[];
  #mustUseHelper: boolean | undefined;

  constructor(options: AutoSpawnerOptions = {}) {
    this.#direct = options.direct ?? new DirectSpawner();
    this.#helper = options.helper ?? new HelperSpawner();
    this.#residentBytes = options.residentBytes ?? (() => process.memoryUsage.rss());
    this.#inherited = options.inherited ?? inheritedDescriptors;
  }

  spawn(request: SpawnRequest, listener: SpawnListener): Promise<SpawnedProcess> {
    return this.#useHelper(request) ? this.#helper.spawn(request, listener) : this.#direct.spawn(request, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#helper[Symbol.asyncDispose]();
  }

  #useHelper(request: SpawnRequest): boolean {
    if (request.inheritTerminal) return false;
    this.#mustUseHelper ??= this.#inherited().length > 0;
    const wanted = request.dieWithUs || this.#mustUseHelper || this.#residentBytes() > LARGE_PROCESS_BYTES;
    return wanted && HelperSpawner.isAvailable();
  }
}
