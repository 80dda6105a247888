import path from 'node:path';

import { HostError } from '../errors.js';
import type { HeldLock, Locks } from './lock.js';

/** Locks between the users of this object: for tests, and for dry runs, which must not touch the file. */
export class MemoryLocks implements Locks {
  readonly #held = new Map<string, symbol>();

  /** The paths that are locked now. */
  get held(): readonly string[] {
    return [...this.#held.keys()];
  }

  async acquire(file: string): Promise<HeldLock> {
    const absolute = path.resolve(file);
    if (this.#held.has(absolute)) {
      throw new HostError('HOST_LOCKED', `${JSON.stringify(absolute)} is held by the process ${String(process.pid)}`, {
        hint: 'Another pass is running: wait for its end.',
        retryable: true,
      });
    }
    const token = Symbol(absolute);
    this.#held.set(absolute, token);
    const release = async (): Promise<void> => {
      if (this.#held.get(absolute) === token) this.#held.delete(absolute);
    };
    return { path: absolute, release, [Symbol.asyncDispose]: release };
  }
}
