export { ManagerError, type ManagerErrorCode } from './errors.js';
export {
  defineManager,
  type Manager,
  MANAGER_CONTRACT,
  MANAGER_HOOKS,
  type ManagerContext,
  type ManagerDefinition,
  type ManagerDescription,
  type ManagerHook,
  type OptionsSchema,
} from './contract/manager.js';
export { ManagerSet, type NamedManager } from './contract/manager-set.js';
export { readRequestFile, readRequestList } from './contract/request-file.js';
export { StateFile } from './contract/state-file.js';
export type {
  ManagedComputer,
  ManagedPartition,
  ManagedProgram,
  ManagedServices,
  ManagedSoftware,
} from './contract/subjects.js';
export { BUILT_IN_MANAGERS } from './builtin/index.js';
export { loadManagers, type LoadManagersOptions } from './loader/load-managers.js';
