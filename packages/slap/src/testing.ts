import type { LogFields, Logger } from './logger.js';
import type { ComputerInformation, PartitionInformation } from './model/information.js';

/** A partition for tests: a busy, started one; what matters to the test is given. */
export function aPartition(given: Partial<PartitionInformation> = {}): PartitionInformation {
  const computerId = given.computerId ?? 'COMP-1234';
  const partitionId = given.partitionId ?? 'slappart0';
  return {
    computerId,
    partitionId,
    instanceGuid: `${computerId}-${partitionId}`,
    requestedState: 'started',
    softwareReleaseUrl: 'https://sr.example/software.cfg',
    softwareType: 'default',
    instanceTitle: 'instance',
    rootInstanceTitle: 'instance',
    timestamp: '1795412182.6581607',
    instanceParameters: {},
    connectionParameters: {},
    ipList: [],
    fullIpList: [],
    filter: {},
    sharedInstances: [],
    ...given,
  };
}

/** A partition for tests on which nothing runs. */
export function aFreePartition(partitionId = 'slappart0', computerId = 'COMP-1234'): PartitionInformation {
  return {
    computerId,
    partitionId,
    requestedState: 'destroyed',
    instanceParameters: {},
    connectionParameters: {},
    ipList: [],
    fullIpList: [],
    filter: {},
    sharedInstances: [],
  };
}

/** A computer for tests: without releases and partitions but those that are given. */
export function aComputer(given: Partial<ComputerInformation> = {}): ComputerInformation {
  return { computerId: 'COMP-1234', softwareReleases: [], partitions: [], ...given };
}

/** One record of a {@link RecordingLogger}. */
export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger for tests that keeps what it is told. */
export class RecordingLogger implements Logger {
  readonly records: LogRecord[];
  readonly #fields: LogFields;

  constructor(fields: LogFields = {}, records: LogRecord[] = []) {
    this.#fields = fields;
    this.records = records;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#add('debug', message, fields);
  }
  info(message: string, fields: LogFields = {}): void {
    this.#add('info', message, fields);
  }
  warn(message: string, fields: LogFields = {}): void {
    this.#add('warn', message, fields);
  }
  error(message: string, fields: LogFields = {}): void {
    this.#add('error', message, fields);
  }
  /** Shares the records with its parent. */
  child(fields: LogFields): Logger {
    return new RecordingLogger({ ...this.#fields, ...fields }, this.records);
  }

  #add(level: LogRecord['level'], message: string, fields: LogFields): void {
    this.records.push({ level, message, fields: { ...this.#fields, ...fields } });
  }
}
