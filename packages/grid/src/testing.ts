export { aPartition, InMemoryMaster, type MasterMethod, type RecordedCall } from './master/in-memory-master.js';
