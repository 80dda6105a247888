import type {
  CertificateRecord,
  ComputerRecord,
  EventFilter,
  EventRecord,
  ForwardedRequestRecord,
  InstanceValues,
  NetworkRecord,
  NewEvent,
  PartitionCount,
  PartitionKey,
  PartitionRecord,
  PartitionWithNetwork,
  ReportRecord,
  ReportSubject,
  SlaveRecord,
  SoftwareRecord,
  UsageRecord,
} from './records.js';

/** Which host a shared instance may have. Absent conditions are not used. */
export interface HostConditions {
  readonly computerId: string;
  readonly softwareReleaseUrl: string;
  readonly softwareType?: string;
  readonly partitionId?: string;
}

/** Questions to the store. Lists are in the order of first registration unless said. */
export interface StoreReader {
  computer(computerId: string): Promise<ComputerRecord | undefined>;
  computers(): Promise<ComputerRecord[]>;
  partition(key: PartitionKey): Promise<PartitionRecord | undefined>;
  partitionsOf(computerId: string): Promise<PartitionRecord[]>;
  /** Shows the partitions of a computer one by one, for computers that have very many. */
  visitPartitions(computerId: string, visit: (partition: PartitionWithNetwork) => void): Promise<void>;
  /** How many partitions of each computer are in each state. */
  partitionCounts(): Promise<PartitionCount[]>;
  networkOfPartition(key: PartitionKey): Promise<NetworkRecord[]>;
  /** In the order of (re-)supply. */
  softwareOf(computerId: string): Promise<SoftwareRecord[]>;
  /** The instance of that name in the tree of that root (`''`: the roots), on whatever computer. */
  instance(name: string, rootName: string): Promise<PartitionRecord | undefined>;
  /** The first instance of that name, a root or not. */
  firstInstanceNamed(name: string): Promise<PartitionRecord | undefined>;
  rootInstances(): Promise<PartitionRecord[]>;
  /** All descendants of a root, without it. */
  descendantsOf(rootName: string): Promise<PartitionRecord[]>;
  findHost(conditions: HostConditions): Promise<PartitionRecord | undefined>;
  slave(slaveReference: string, computerId?: string): Promise<SlaveRecord | undefined>;
  slavesAskedBy(rootName: string): Promise<SlaveRecord[]>;
  slavesHostedOn(computerId: string): Promise<SlaveRecord[]>;
  /** The state that its requester wants, while the one of its root wins; `undefined` at other times. */
  ownWish(key: PartitionKey): Promise<string | undefined>;
  isForwarded(request: ForwardedRequestRecord): Promise<boolean>;
  forwardedRequests(): Promise<ForwardedRequestRecord[]>;
  /** Newest first. */
  reports(subject: ReportSubject, limit: number): Promise<ReportRecord[]>;
  /** The newest report about each partition, release and the computer itself. */
  latestReports(computerId: string): Promise<ReportRecord[]>;
  /** Usage reports of a computer as they were sent, newest first. */
  usageReports(computerId: string, limit: number): Promise<UsageRecord[]>;
  /** The names that a node said an instance still wants as children, `undefined` if it never said. */
  relatedInstances(key: PartitionKey): Promise<readonly string[] | undefined>;
  /** The valid certificate of a computer (`partitionId` `''`) or of a partition. */
  certificate(key: PartitionKey): Promise<CertificateRecord | undefined>;
  /** In the order in which they happened. */
  eventsAfter(id: number, limit: number, filter?: EventFilter): Promise<EventRecord[]>;
  /** The ids of the first and the last event that are kept; `undefined` when there is none. */
  eventRange(): Promise<{ readonly oldest: number; readonly newest: number } | undefined>;
  /** A certificate by its number, revoked or not. */
  certificateBySerial(serial: string): Promise<CertificateRecord | undefined>;
  setting(name: string): Promise<string | undefined>;
}

/** Changes to the store, all part of one transaction. */
export interface StoreWriter extends StoreReader {
  saveComputer(computer: ComputerRecord): Promise<void>;
  /** Adds a free partition; does nothing when it is known. */
  addPartition(key: PartitionKey): Promise<void>;
  removePartition(key: PartitionKey): Promise<void>;
  replaceNetwork(computerId: string, addresses: readonly NetworkRecord[]): Promise<void>;
  /**
   * Gives the first free partition of the computer to a new instance.
   * Returns `undefined` when none is free.
   * @throws ProxyError `PROXY_CONFLICT` when the tree has an instance of that name.
   */
  takeFreePartition(
    computerId: string,
    instance: InstanceValues & { readonly instanceName: string; readonly rootName: string },
  ): Promise<PartitionRecord | undefined>;
  updateInstance(key: PartitionKey, values: InstanceValues): Promise<void>;
  /** Also revokes the certificate of the instance that was there. */
  freePartition(key: PartitionKey): Promise<void>;
  setOwnWish(key: PartitionKey, requestedState: string): Promise<void>;
  forgetOwnWish(key: PartitionKey): Promise<void>;
  /** @throws ProxyError `PROXY_CONFLICT` when the tree has another instance of that name. */
  renameInstance(key: PartitionKey, name: string): Promise<void>;
  /** Moves all descendants of one root to another root name. */
  renameRoot(from: string, to: string): Promise<void>;
  requestStateOfDescendants(rootName: string, requestedState: string): Promise<void>;
  touchTree(rootName: string, changedAt: number): Promise<void>;
  setConnection(key: PartitionKey, connectionXml: string): Promise<boolean>;
  setSharedInstances(key: PartitionKey, sharedInstanceList: string, changedAt: number): Promise<void>;
  addSlave(slave: SlaveRecord): Promise<void>;
  setSlaveConnection(key: PartitionKey, slaveReference: string, connectionXml: string): Promise<boolean>;
  removeSlave(slaveReference: string, computerId: string): Promise<void>;
  /** Adds or changes it, and moves it to the end of the list. */
  supply(software: SoftwareRecord): Promise<void>;
  removeSoftware(url: string, computerId: string): Promise<void>;
  addForwarded(request: ForwardedRequestRecord): Promise<void>;
  removeForwarded(request: ForwardedRequestRecord): Promise<void>;
  /** Keeps a report, and forgets the oldest ones of the same subject beyond a bound. */
  addReport(report: ReportRecord): Promise<void>;
  /** Keeps a usage report, and forgets the oldest ones of the computer beyond a bound. */
  addUsage(usage: UsageRecord): Promise<void>;
  /** Writes into the log of what changed, and forgets the oldest events beyond a bound. */
  addEvent(event: NewEvent): Promise<void>;
  setRelatedInstances(key: PartitionKey, references: readonly string[]): Promise<void>;
  addCertificate(certificate: CertificateRecord): Promise<void>;
  revokeCertificate(serial: string, revokedAt: number): Promise<void>;
  setSetting(name: string, value: string): Promise<void>;
}

export interface RestoreOptions {
  /** Refuse to replace what somebody put there: computers, partitions, releases. Default false. */
  readonly onlyIfEmpty?: boolean;
}

/** What tells two states of the content apart; no more can be read from it. */
export type StoreVersion = number | string;

/**
 * What the mini-master keeps.
 * A reader never sees half a change; a change that `write` has resolved for survives a crash of the machine.
 */
export interface ProxyStore extends AsyncDisposable {
  /** Runs questions that all see the same committed state. Await nothing but the reader inside. */
  read<T>(work: (reader: StoreReader) => Promise<T>): Promise<T>;
  /**
   * Runs changes as one transaction: all of them are kept when `work` resolves, none when it throws.
   * Await nothing but the writer inside: other changes wait for it.
   */
  write<T>(work: (writer: StoreWriter) => Promise<T>): Promise<T>;
  /** Tells states of the content apart: another value after every committed change, whoever made it. */
  version(): Promise<StoreVersion>;
  /**
   * Calls `listener` after each change, also of another process; after our own when it is on the disk. It may be called without a change.
   * @returns what ends it
   */
  onChange(listener: () => void): Disposable;
  /** The whole content as bytes that `restore` takes. */
  snapshot(): Promise<Uint8Array>;
  /**
   * Replaces the whole content by that of a snapshot, also of an older proxy.
   * @throws ProxyError `PROXY_DATABASE_UNREADABLE`, `PROXY_DATABASE_TOO_NEW`, `PROXY_CONFLICT` when it is not empty and was to be; then
   * nothing has changed.
   */
  restore(snapshot: Uint8Array, options?: RestoreOptions): Promise<void>;
  close(): Promise<void>;
}
