export {
  PassFailedError,
  type PassFailedDetails,
  type PassFailure,
  PathTooDeepError,
  StandaloneError,
  type StandaloneErrorCode,
} from './errors.js';
export type { AutomaticPasses, AutomaticPassesOptions } from './node/automatic-passes.js';
export { StandaloneInstance, type StandaloneRequest } from './node/instance.js';
export type { PassName, StandaloneLayout } from './configuration/layout.js';
export type { ForwardedMaster, FormatPartitions, StandaloneOptions } from './configuration/options.js';
export type { BuildSoftwareOptions, ProcessInstancesOptions } from './node/passes.js';
export type { PassRetryOptions } from './node/run-pass.js';
export { StandaloneNode, startStandalone } from './node/standalone-node.js';
export {
  createScriptedBuilder,
  type ScriptedBuild,
  type ScriptedInstance,
  type ScriptedRelease,
  type ServiceCommand,
} from './builder/scripted-builder.js';
export {
  type ComputerState,
  EmbeddedProxy,
  type EmbeddedProxyOptions,
  startEmbeddedProxy,
} from './proxy/embedded-proxy.js';
export { PlayedNode } from './proxy/played-node.js';
