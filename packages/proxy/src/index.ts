export type { Clock } from './allocation/timestamps.js';
export type { ExternalMaster, ProxyLimits, ProxyOptions } from './configuration/proxy-options.js';
export {
  keysWithoutEffect,
  type MultimasterSection,
  multimasterSectionSchema,
  proxyOptionsFromSections,
  type SlapproxySection,
  slapproxySectionSchema,
} from './configuration/sections.js';
export { ProxyError, type ProxyErrorCode, type ProxyErrorOptions } from './errors.js';
export type { ListenAddress } from './http/server.js';
export { createProxy, type Proxy } from './proxy.js';
