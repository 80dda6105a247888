import type { Host, Logger } from '@slapos/host';

import type { CollectOptions } from '../options.js';
import type { ProcFolder } from '../snapshot/proc-folder.js';
import type { OpenDatabase } from '../store/open-database.js';
import type { Stamp } from '../time.js';

/** What the parts of a run share. */
export interface RunContext {
  readonly options: CollectOptions;
  readonly host: Pick<Host, 'commands' | 'users' | 'clock' | 'locks'>;
  readonly logger: Logger;
  readonly proc: ProcFolder;
  readonly stamp: Stamp;
  /** Milliseconds since 1970 at the start of the run. */
  readonly now: number;
  readonly database: OpenDatabase;
  readonly signal?: AbortSignal;
  /** Does something that may fail without ending the run. */
  readonly attempt: (what: string, action: () => Promise<unknown>) => Promise<void>;
}
