import type { UserIdentity } from '../users/user.js';

/** Limits that the kernel enforces on the command and on each of its children. Absent ones stay as they are. */
export interface CommandLimits {
  /** Seconds of processor time. */
  readonly cpuSeconds?: number;
  /** Bytes of address space. */
  readonly addressSpaceBytes?: number;
  /** Bytes of the largest file that can be written. */
  readonly fileSizeBytes?: number;
  /** Processes of the user (all of them count, not only this command's). */
  readonly processes?: number;
  readonly openFiles?: number;
}

/** One program to run. Never a shell line: a file and an argument array. */
export interface Command {
  /** An absolute path, or a bare name that is looked up in the trusted PATH (never in the operator's). */
  readonly file: string;
  readonly args: readonly string[];
  /** Default `/`. */
  readonly cwd?: string;
  /** Added to the clean base environment, and stronger than it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Start from nothing instead of the clean base: the child gets exactly `env`. Default false. */
  readonly emptyEnvironment?: boolean;
  /** Run as this user, with its supplementary groups and without any way back. Absent: as the caller. */
  readonly user?: UserIdentity;
  /** For instance 0o027. Default: the caller's. */
  readonly umask?: number;
  /** For the whole run, silence included. Default: none. */
  readonly timeoutMs?: number;
  /** How long the processes have between SIGTERM and SIGKILL after a time-out or an abort. Default 5000. */
  readonly killGraceMs?: number;
  /** What the command reads on its standard input. Default: nothing, the input is at its end at once. */
  readonly input?: string | Uint8Array;
  /** Give the child our terminal: no output is kept, no line is reported, and it shares our process group. */
  readonly inheritTerminal?: boolean;
  /** Called for each line as it completes, without its line end, cut at 16 kB; the text is as the child wrote it: escape it before printing. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Keep stderr apart from stdout. Default false: one stream, in the order of writing. */
  readonly separateStderr?: boolean;
  /** `report` (default): first 64 kB and last 1 MB, long lines cut. `whole`: all of it, for parsing; more than 64 MB is an error. */
  readonly keepOutput?: 'report' | 'whole';
  /** When the command ends, kill what it left running in its session. Default false. */
  readonly killLeftovers?: boolean;
  /**
   * Kill the command and all its children when this process dies, however it dies: nothing goes on behind the back of the
   * next pass. Default false.
   */
  readonly dieWithUs?: boolean;
  readonly limits?: CommandLimits;
}

/** How a command ended. A status other than 0, a signal and a time-out are results, not errors. */
export interface CommandResult {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** stdout and stderr, or stdout alone with `separateStderr`; invalid UTF-8 is replaced. */
  readonly output: string;
  /** Empty unless `separateStderr`. */
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

/** Runs programs. */
export interface CommandRunner {
  /**
   * Runs a command to its end.
   * @throws HostError `HOST_COMMAND_NOT_FOUND`, `HOST_COMMAND_FAILED_TO_START`, `HOST_COMMAND_UNTRUSTED` (root would run a
   * program that others can change), `HOST_REFUSED_IDENTITY` (root as the target), `HOST_NOT_ROOT` (another user while not
   * root), `HOST_PRIVILEGES_NOT_DROPPED`, `HOST_COMMAND_ABORTED` (after everything was killed), `HOST_COMMAND_OUTPUT_TOO_LARGE`.
   */
  run(command: Command, options?: { readonly signal?: AbortSignal }): Promise<CommandResult>;
}
