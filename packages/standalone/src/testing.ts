export {
  assertSoundSoftware,
  checkSoftware,
  type CheckSoftwareOptions,
  type SoftwareFinding,
} from './kit/check-software.js';
export { type DependencyTrack, sendSoftwareBill } from './bill/dependency-track.js';
export type { BillComponent } from './bill/part-component.js';
export { type SoftwareBill, softwareBill, type SoftwareBillOptions, writeSoftwareBill } from './bill/software-bill.js';
export { cronCommand, runCronAt, type RunCronOptions } from './kit/cron.js';
export { EndToEnd, type InstanceStatus, type UntilOptions } from './kit/end-to-end.js';
export { portOfPath, readTestEnvironment, servedSoftwareUrl, type TestEnvironment } from './kit/environment.js';
export { freePort, type ReservedPorts, reserveFreePorts } from './kit/free-ports.js';
export {
  type HttpHandler,
  type HttpServer,
  type HttpsServer,
  type SeenRequest,
  startHttpServer,
  startHttpsServer,
} from './kit/http-server.js';
export {
  type MatcherResult,
  toBeInState,
  toHavePassingPromises,
  toHavePublished,
  toHaveServices,
} from './kit/matchers.js';
export { assertMonitorPropagation, type Fetch, isPrivateMonitorReady, readMonitorFeed } from './kit/monitoring.js';
export { promiseConfiguration } from './kit/promise-configuration.js';
export { INSTANCE_SNAPSHOT_PATTERNS, keepSnapshot, type SnapshotOptions } from './kit/snapshots.js';
export { SoftwareTestBed, type SoftwareTestOptions, type SoftwareTestRequest } from './kit/software-test-bed.js';
export { type TemporaryDirectory, temporaryDirectory } from './kit/temporary-directory.js';
