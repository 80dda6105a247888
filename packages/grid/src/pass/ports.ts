import type { Host, Logger } from '@slapos/host';
import type { ManagerSet } from '@slapos/manager';
import type { Supervisor } from '@slapos/supervisor';

import type { BinaryCache } from '../binary-cache/binary-cache.js';
import type { SoftwareBuilder } from '../buildout/builder.js';
import type { Master } from '../master/master.js';
import type { PromiseRunner } from '../promises/promise-runner.js';

/** What the passes work with. */
export interface GridPorts {
  readonly host: Host;
  readonly master: Master;
  readonly supervisor: Supervisor;
  readonly builder: SoftwareBuilder;
  readonly promises: PromiseRunner;
  readonly logger: Logger;
  /** Plug-ins. Default: none. */
  readonly managers?: ManagerSet;
}

/** What the software pass works with: it neither starts services nor checks promises. */
export interface SoftwarePorts extends Pick<GridPorts, 'host' | 'master' | 'builder' | 'logger' | 'managers'> {
  /** Absent: everything is built here. */
  readonly binaryCache?: BinaryCache;
}

/** What planning asks: nothing is changed. */
export interface PlanPorts {
  readonly master: Pick<GridPorts['master'], 'fetchComputerInformation'>;
  readonly host: { readonly clock: Pick<GridPorts['host']['clock'], 'now'> };
}
