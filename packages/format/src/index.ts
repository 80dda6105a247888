export { FormatError, type FormatErrorCode } from './errors.js';
export { DEPRECATED_FORMAT_KEYS, formatSectionSchema, type FormatSection } from './config/section.js';
export { formatOptionsFromSection, type FormatOptions } from './config/options.js';
export {
  readMachineDefinition,
  renderMachineDefinition,
  type DefinitionSections,
  type MachineDefinition,
  type PartitionDefinition,
} from './config/definition.js';
export type {
  Computer,
  InterfaceAddress,
  Ipv6Range,
  MachineFacts,
  NetworkInterface,
  Partition,
  PartitionUser,
  TunnelDevice,
} from './computer/computer.js';
export { readStateDocument, type KeptState } from './computer/document.js';
export { formatComputer, type FormatPorts, type FormatResult, type FormattedComputer } from './run/format-computer.js';
export type { FolderFacts, FormatAction, FormatActions, ObservedMachine, Owner } from './run/plan.js';
export { planPartitions, planRoots, RESOURCE_FILE } from './run/plan.js';
export type { NetworkOptions, NetworkPlan } from './network/plan-network.js';
export { planNetwork } from './network/plan-network.js';
export type { AddressChoice } from './network/address-pool.js';
export type { NetworkStep, ObservedNetwork, PlannedChange } from './network/network-state.js';
