/** A lock that this process holds until it is disposed of, or dies. */
export interface HeldLock extends AsyncDisposable {
  readonly path: string;
  /** Gives the lock back and removes its file if it is still ours. Idempotent. */
  release(): Promise<void>;
}

/** Kernel locks by the name of a file. */
export interface Locks {
  /**
   * Takes the lock or fails at once.
   * @throws HostError `HOST_LOCKED` (retryable; the message has the holder's pid), `HOST_LOCK_FAILED`.
   */
  acquire(path: string): Promise<HeldLock>;
}
