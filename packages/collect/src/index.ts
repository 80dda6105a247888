export { CollectError, type CollectErrorCode } from './errors.js';
export {
  collectOptionsFromSection,
  collectSectionSchema,
  dataLogFolder,
  type CollectOptions,
  type CollectSection,
  type MeteredUser,
} from './options.js';
export { useMetrics } from './report/metrics.js';
export { collect, type CollectPorts, type CollectResult } from './run/collect.js';
export { LiveMeter, type LivePartition, type LiveUse } from './snapshot/live-use.js';
export { ProcFolder, type ProcFolderOptions } from './snapshot/proc-folder.js';
export type { NetworkTotals } from './snapshot/proc-text.js';
export type { SystemReading } from './snapshot/system.js';
export { CollectorReader, openCollector, type PartitionUse, type Period } from './store/collector-reader.js';
export type { Stamp } from './time.js';
