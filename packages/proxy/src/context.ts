import type { Logger } from '@slapos/slap';

import type { AllocationContext } from './allocation/request-instance.js';
import type { TimestampSource } from './allocation/timestamps.js';
import type { Authority } from './certificates/authority.js';
import type { ResolvedProxyOptions } from './configuration/proxy-options.js';
import type { ComputerInformation } from './documents/computer-information.js';
import type { EventFeed } from './events/event-feed.js';
import type { Forwarding } from './forwarding/forwarding.js';
import type { BodyReader } from './http/body.js';
import type { RequestMetrics } from './metrics/request-metrics.js';
import type { SharedCache } from './shared-cache/shared-cache.js';
import type { ProxyStore } from './store/proxy-store.js';

/** What the routes of one proxy share. */
export interface ProxyContext {
  readonly options: ResolvedProxyOptions;
  readonly store: ProxyStore;
  readonly timestamps: TimestampSource;
  readonly allocation: AllocationContext;
  readonly computerInformation: ComputerInformation;
  readonly forwarding: Forwarding;
  readonly events: EventFeed;
  readonly authority: Authority;
  readonly metrics: RequestMetrics;
  readonly bodies: BodyReader;
  /** Absent when it is not set up. */
  readonly sharedCache: SharedCache | undefined;
  /** 32 letters and digits, new for each proxy object: how a proxy recognises itself. */
  readonly runId: string;
  readonly logger: Logger;
}
