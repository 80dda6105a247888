/** A process that the supervisor knows (spec: supervisor §9.4). */
export interface ProcessInfo {
  readonly name: string;
  readonly group: string;
  /** One of `PROCESS_STATES`. */
  readonly state: number;
  readonly stateName: string;
  /** What a person reads: `pid 15798, uptime 0:00:03`. */
  readonly description: string;
  /** 0 when it is not running. */
  readonly pid: number;
  /** Seconds since the epoch; 0: never. */
  readonly startedAt: number;
  /** Seconds since the epoch; 0: never. */
  readonly stoppedAt: number;
  /** −1 when a signal ended it. */
  readonly exitStatus: number;
  /** Why it could not be spawned, or how it ended; empty when there is nothing to say. */
  readonly spawnError: string;
  readonly stdoutLogFile: string;
  readonly stderrLogFile: string;
}

/** Which groups an update has changed. */
export interface UpdateResult {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** A piece of a process' log. */
export interface LogTail {
  readonly text: string;
  /** Size of the log, in bytes. */
  readonly offset: number;
  /** Whether there is more before `text`. */
  readonly overflow: boolean;
}

/**
 * What keeps services running. Process names are `group:process`.
 * Every call but `isRunning` and `ensureRunning` throws SupervisorError `SUPERVISOR_NOT_RUNNING` when nobody answers.
 */
export interface Supervisor extends AsyncDisposable {
  /**
   * Makes sure that one runs; one that runs already is left alone.
   * @throws SupervisorError `SUPERVISOR_NOT_INSTALLED`, `SUPERVISOR_LAUNCH_FAILED`, `SUPERVISOR_SOCKET_PATH_TOO_LONG`,
   *   `SUPERVISOR_NOT_ANSWERING`
   */
  ensureRunning(): Promise<void>;
  /** Whether one runs and takes calls. */
  isRunning(): Promise<boolean>;
  /**
   * Reads the configuration again and makes what runs follow it: groups that are gone or changed are stopped, new and changed ones are
   * added, not started. Everything else goes on untouched. Idempotent. (spec: supervisor §5)
   */
  update(): Promise<UpdateResult>;
  /** Starts what does not run of a group, without waiting until it runs. */
  startGroup(group: string): Promise<'started' | 'nothing-to-start'>;
  /** Starts everything that does not run, without waiting. */
  startAll(): Promise<void>;
  /** Stops a group and waits until it has stopped. An unknown group is stopped already. */
  stopGroup(group: string): Promise<void>;
  /** `undefined` when the process is not known. */
  processInfo(name: string): Promise<ProcessInfo | undefined>;
  /** Sorted by group, then by name. */
  allProcessInfo(): Promise<ProcessInfo[]>;
  /** Starts one process without waiting; one that runs is left alone. */
  startProcess(name: string): Promise<void>;
  /** The end of the log of a process, at most `bytes` long. */
  tail(name: string, stream: 'stdout' | 'stderr', bytes: number): Promise<LogTail>;
  /**
   * Stops everything and ends the supervisor; returns when it is gone. Not running is fine.
   * @throws the reason of `signal`, which ends only the waiting: what was told to stop goes on stopping, and the supervisor ends after it
   */
  shutdown(options?: { readonly signal?: AbortSignal }): Promise<void>;
}
