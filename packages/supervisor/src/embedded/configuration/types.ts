/** Where one stream of a process is written. */
export interface LogConfiguration {
  /** Absolute path; `AUTO`: a file of the daemon's own; `undefined`: nowhere. */
  readonly file: string | undefined;
  /** The file is rotated before it grows beyond this; 0: never. */
  readonly maxBytes: number;
  readonly backups: number;
  /** How much of what stands between the capture marks becomes a PROCESS_COMMUNICATION event; 0: nothing is captured. */
  readonly captureMaxBytes: number;
  /** Whether output becomes PROCESS_LOG events. */
  readonly eventsEnabled: boolean;
}

/** A process to keep (spec: supervisor §9.6, `program:x`). Times are in seconds, as they are written. */
export interface ProcessConfiguration {
  readonly name: string;
  readonly command: string;
  readonly directory: string | undefined;
  readonly umask: number | undefined;
  readonly priority: number;
  readonly autostart: boolean;
  readonly autorestart: boolean | 'unexpected';
  readonly startSeconds: number;
  readonly startRetries: number;
  readonly exitCodes: readonly number[];
  readonly stopSignal: NodeJS.Signals;
  readonly stopWaitSeconds: number;
  readonly stopAsGroup: boolean;
  readonly killAsGroup: boolean;
  /** `undefined`: the daemon's. */
  readonly uid: number | undefined;
  /** The primary group of that user. */
  readonly gid: number | undefined;
  readonly redirectStderr: boolean;
  readonly stdout: LogConfiguration;
  readonly stderr: LogConfiguration;
  readonly environment: Readonly<Record<string, string>>;
  /** `undefined`: the daemon's socket (AUTO). */
  readonly serverUrl: string | undefined;
}

/** What makes a group a pool of event listeners. */
export interface ListenerConfiguration {
  /** Names of events or of their parents. */
  readonly events: readonly string[];
  readonly bufferSize: number;
}

/** Processes that are started and stopped together. */
export interface GroupConfiguration {
  readonly name: string;
  readonly priority: number;
  /** By priority, then name. */
  readonly processes: readonly ProcessConfiguration[];
  readonly listener: ListenerConfiguration | undefined;
}

export type LogLevel = 'critical' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'blather';

/** The `supervisord` section and the socket. */
export interface DaemonConfiguration {
  readonly logFile: string;
  readonly logMaxBytes: number;
  readonly logBackups: number;
  readonly logLevel: LogLevel;
  readonly pidFile: string;
  readonly noDaemon: boolean;
  readonly umask: number;
  readonly directory: string | undefined;
  readonly identifier: string;
  readonly childLogDirectory: string;
  readonly stripAnsi: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly socket: SocketConfiguration;
}

export interface SocketConfiguration {
  readonly file: string;
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** All that the files say. */
export interface Configuration {
  readonly daemon: DaemonConfiguration;
  /** By priority, then name. */
  readonly groups: readonly GroupConfiguration[];
}
