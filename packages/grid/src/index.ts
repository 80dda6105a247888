export type { BinaryCache, BinaryCacheRequest } from './binary-cache/binary-cache.js';
export {
  binaryCacheOptionsFromSection,
  cacheIndexFromSection,
  cacheLookupSectionSchema,
} from './binary-cache/from-section.js';
export type { TlsCredentials } from './binary-cache/http.js';
export { indexUrl, lookUp, type CacheIndex, type IndexEntry } from './binary-cache/look-up.js';
export { createNetworkBinaryCache, type NetworkBinaryCacheOptions } from './binary-cache/network-binary-cache.js';
export { detectPlatform, isSamePlatform, type Platform } from './binary-cache/platform.js';
export { bootNode, isGlobalUnicast, type BootOptions, type BootPorts, type BootSteps } from './boot/boot.js';
export { createBuildoutBuilder, type BuildoutBuilderPorts } from './buildout/buildout-builder.js';
export type {
  BuildCommonOptions,
  BuildObserver,
  BuildSoftwareOptions,
  InstantiateOptions,
  PrepareSoftwareOptions,
  SoftwareBuilder,
} from './buildout/builder.js';
export type { PartitionProfileOptions } from './buildout/partition-profile.js';
export { NETWORK_CACHE_PARAMETERS, type NetworkCacheParameters } from './buildout/software-profile.js';
export {
  NodeDaemon,
  type DaemonPorts,
  type ScheduledPass,
  type ScheduledPassStatus,
} from './daemon/daemon.js';
export { openHealthServer, readHealthAddress, type HealthAddress, type HealthServer } from './daemon/health-server.js';
export { daemonHealth, renderMetrics, type DaemonHealth } from './daemon/metrics.js';
export { pauseAfter, type FinishedRun, type ScheduledOutcome } from './daemon/schedule.js';
export { daemonSectionSchema, type DaemonSection } from './daemon/section.js';
export { createServiceManager, type ServiceManager, type ServiceNotice } from './daemon/service-manager.js';
export { BuildError, errorReport, GridError, type BuildFailure, type GridErrorCode } from './errors.js';
export type { FirewallOptions } from './firewall/partition-firewall.js';
export {
  computeRules,
  parseRule,
  ruleArguments,
  ruleText,
  type FirewallRule,
  type FirewallWishes,
} from './firewall/rules.js';
export { isMasterUnreachable, isNotFoundAtMaster } from './master/failures.js';
export type { Master, MasterCallOptions, PartitionCertificate } from './master/master.js';
export { createSlapMaster } from './master/slap-master.js';
export {
  runInstancePass,
  type InstancePassResult,
  type PartitionItemResult,
} from './partition/pass.js';
export { readLastTarget, type LastTarget } from './partition/offline-state.js';
export {
  PARTITION_ID,
  PARTITION_STATES,
  planInstance,
  planPartition,
  unknownPartitions,
  type InstancePlanOptions,
  type ObservedPartition,
  type PartitionReason,
  type PartitionState,
  type PlannedPartition,
  type RequestedPartition,
} from './partition/plan.js';
export { planInstancePass, type PlannedInstance } from './partition/plan-pass.js';
export type { ItemOutcome, PartitionStep, PassEvent, PassEventFields, PassName, PassObserver } from './pass/events.js';
export {
  DEFAULT_MAXIMUM_PERIODICITY_SECONDS,
  DEFAULT_MINIMUM_FREE_BYTES,
  DEFAULT_PROMISE_TIMEOUT_SECONDS,
  type InstancePassOptions,
  type NodeOptions,
  type SoftwarePassOptions,
} from './pass/options.js';
export type { GridPorts, SoftwarePorts } from './pass/ports.js';
export { observedPass, type PassControl } from './pass/observed-pass.js';
export { PASS_EXIT_CODES, type PassOutcome } from './pass/result.js';
export {
  firewallOptionsFromSection,
  firewallSectionSchema,
  gridSectionSchema,
  instanceOptionsFromSection,
  softwareOptionsFromSection,
  type FirewallSection,
  type GridSection,
} from './pass/section.js';
export { createPromiseRunner } from './promises/local-promise-runner.js';
export {
  runPromisePass,
  type PromiseItemResult,
  type PromisePassResult,
  type PromiseVerdict,
} from './promises/pass.js';
export type { PromiseOutcome, PromiseRules, PromiseRunner, PromiseRunRequest } from './promises/promise-runner.js';
export {
  findUnusedParts,
  pruneSharedParts,
  type NestedNode,
  type PruneOptions,
  type PruneResult,
} from './prune/prune.js';
export type { DestructionResult, KeptReason } from './report/destroy.js';
export {
  runReportPass,
  type ReportItemResult,
  type ReportPassOptions,
  type ReportPassResult,
} from './report/pass.js';
export { planReportPass, type PlannedRemoval } from './report/plan.js';
export type { SoftwareItemResult } from './software/apply.js';
export { buildLogPath } from './software/build-log.js';
export { planSoftwarePass, runSoftwarePass, type SoftwarePassResult } from './software/pass.js';
export {
  planSoftware,
  type ObservedRelease,
  type ObservedSoftware,
  type PlannedCollection,
  type PlannedRelease,
  type RequestedRelease,
  type SoftwarePlan,
  type SoftwarePlanOptions,
  type SoftwareReason,
} from './software/plan.js';
export type { FirewallPrograms } from './structure/firewall-programs.js';
export { softwareReleaseHash, softwareReleasePath } from './software/release-path.js';
