import type { DaemonEvent } from '../events/event-names.js';
import type { LogLevel } from '../configuration/types.js';
import type { ProcessRecord } from './survivors.js';

/** What processes need of their daemon. */
export interface ProcessContext {
  log(level: LogLevel, message: string): void;
  publish(event: DaemonEvent): void;
  /** The daemon's own variables and those of `[supervisord] environment`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly umask: number;
  /** `unix://SOCKET`. */
  readonly serverUrl: string;
  readonly record: ProcessRecord;
  readonly childLogDirectory: string;
  /** Where logs go that cannot be opened safely where they should be; of the daemon's own. */
  readonly fallbackLogDirectory: string;
  readonly identifier: string;
  readonly stripAnsi: boolean;
  /** False once a shutdown has begun: nothing is started again then. */
  isActive(): boolean;
}
