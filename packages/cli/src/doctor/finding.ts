import type { ConfigFile } from '../config/config-file.js';
import type { CommandLog } from '../output/log.js';

/** What a check found. */
export interface Finding {
  /** Stable: `master.clock`. What stands before the dot groups the display. */
  readonly id: string;
  readonly severity: 'ok' | 'warning' | 'error' | 'skipped';
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string | undefined;
  /** A repair that can do no harm. */
  readonly fix?: Fix | undefined;
}

/** A repair that `--fix` offers. */
export interface Fix {
  /** What will be done, as a question without its mark: `Remove /run/x.pid`. */
  readonly question: string;
  readonly apply: () => Promise<void>;
}

/** What checks look at. */
export interface DoctorContext {
  readonly config: ConfigFile;
  /** What named the file. */
  readonly origin: string;
  readonly logger: CommandLog;
  readonly signal: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A group of checks that look at the same thing. */
export interface DoctorCheck {
  readonly name: string;
  readonly run: (context: DoctorContext) => Promise<Finding[]>;
}
