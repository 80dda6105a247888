export type { Clock } from './allocation/timestamps.js';
export type { ExternalMaster, ProxyLimits, ProxyOptions } from './configuration/proxy-options.js';
export {
  keysWithoutEffect,
  listenAddressesFromSection,
  type MultimasterSection,
  multimasterSectionSchema,
  proxyOptionsFromSections,
  type SlapproxySection,
  slapproxySectionSchema,
} from './configuration/sections.js';
export type { Fault } from './embedding/faults.js';
export type { Seed, SeedComputer, SeedInstance, SeedSoftware } from './embedding/seed.js';
export { ProxyError, type ProxyErrorCode, type ProxyErrorOptions } from './errors.js';
export type { CertificatePair } from './certificates/authority.js';
export { type IssuedCertificate, issueCertificate, makeAuthority } from './certificates/x509.js';
export type { ListenAccess, ListenAddress } from './http/server.js';
export { createProxy, type Proxy } from './proxy.js';
export {
  PROXY_SHOW_SECTIONS,
  type PartitionAddresses,
  type ProxyDatabaseContent,
  type ProxyShowSection,
  type ProxyShowTable,
  type ProxyShowValue,
  type PublishedParameters,
  readProxyDatabase,
} from './show/read-database.js';
export { hasProxyDatabase } from './show/database-state.js';
export { type ProxyContentDocument } from './transfer/content-document.js';
export { exportProxyDatabase, type ImportOptions, importProxyDatabase } from './transfer/transfer.js';
export { framedTable } from './show/framed-table.js';
export { renderProxyShow } from './show/render.js';
export { isPostgresUri, shownDatabaseUri } from './store/postgres/database-uri.js';
