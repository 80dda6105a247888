import type { HeldLock, Locks } from './lock.js';
import { MemoryLocks } from './memory-locks.js';

/** Touches no file: records which locks would have been taken, and excludes those who share this object. */
export class DryRunLocks implements Locks {
  readonly #memory = new MemoryLocks();
  readonly #acquired: string[] = [];

  /** The paths that would have been locked, in order. */
  get acquired(): readonly string[] {
    return this.#acquired;
  }

  async acquire(file: string): Promise<HeldLock> {
    const lock = await this.#memory.acquire(file);
    this.#acquired.push(lock.path);
    return lock;
  }
}
