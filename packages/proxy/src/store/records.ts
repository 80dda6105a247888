/** A machine that partitions belong to. */
export interface ComputerRecord {
  readonly computerId: string;
  readonly address: string | null;
  readonly netmask: string | null;
}

/** Which partition: ids such as `slappart0` repeat from computer to computer, so both parts are always needed. */
export interface PartitionKey {
  readonly computerId: string;
  readonly partitionId: string;
}

/** A partition and, when `slapState` is `busy`, the instance in it. */
export interface PartitionRecord extends PartitionKey {
  readonly slapState: string;
  readonly softwareReleaseUrl: string | null;
  /** Parameter XML (spec: marshal §6). */
  readonly parameterXml: string | null;
  /** Parameter XML that the instance published. */
  readonly connectionXml: string | null;
  /** The marshalled list of the shared instances that this one hosts (spec: proxy §5.3). */
  readonly sharedInstanceList: string | null;
  readonly softwareType: string | null;
  readonly instanceName: string | null;
  /** Name of the root instance of the tree; `''` for a root. */
  readonly rootName: string;
  readonly requestedState: string;
  /** Seconds since 1970 of the last change that a node must act on; `null` until the first. */
  readonly changedAt: number | null;
}

/** How many partitions of a computer are in a state. */
export interface PartitionCount {
  readonly computerId: string;
  readonly slapState: string;
  readonly count: number;
}

/** What a request writes into a partition. */
export interface InstanceValues {
  readonly softwareReleaseUrl: string;
  readonly parameterXml: string;
  readonly softwareType: string;
  readonly requestedState: string;
  readonly changedAt: number | null;
}

/** The address of a network interface of a partition. */
export interface NetworkRecord {
  readonly partitionId: string;
  /** Name of the interface, or the partition id when it has none. */
  readonly interfaceName: string;
  readonly address: string;
  readonly netmask: string | null;
}

/** A partition with its addresses. */
export interface PartitionWithNetwork extends PartitionRecord {
  readonly network: readonly Pick<NetworkRecord, 'interfaceName' | 'address'>[];
}

/** A Software Release that a computer is supplied with. */
export interface SoftwareRecord {
  readonly url: string;
  readonly computerId: string;
  readonly requestedState: string;
}

/** A shared instance; the row outlives it, with its connection parameters. */
export interface SlaveRecord {
  /** `ROOTNAME_NAME`, unique. */
  readonly slaveReference: string;
  readonly computerId: string;
  readonly connectionXml: string | null;
  /** Partition id of the host. */
  readonly hostedBy: string | null;
  /** Name of the root instance that asked for it, `''` for the user. */
  readonly askedBy: string | null;
}

/** What a node said about a release, an instance or itself. */
export type ReportKind = 'building' | 'available' | 'destroyed' | 'error' | 'started' | 'stopped' | 'bang';

/** One report of a node, kept with its time. Texts that do not apply are `''`. */
export interface ReportRecord {
  readonly computerId: string;
  readonly partitionId: string;
  readonly softwareReleaseUrl: string;
  readonly slaveReference: string;
  readonly kind: ReportKind;
  readonly message: string;
  /** Seconds since 1970. */
  readonly reportedAt: number;
}

/** What reports are about: a computer, one of its releases (`softwareReleaseUrl`), or one of its partitions. */
export type ReportSubject =
  | { readonly computerId: string; readonly partitionId?: never; readonly softwareReleaseUrl?: never }
  | { readonly computerId: string; readonly partitionId: string; readonly softwareReleaseUrl?: never }
  | { readonly computerId: string; readonly partitionId?: never; readonly softwareReleaseUrl: string };

/** A certificate that the proxy's own authority issued to a computer, or to an instance in a partition. */
export interface CertificateRecord {
  readonly serial: string;
  readonly computerId: string;
  /** `''` for the certificate of a computer. */
  readonly partitionId: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds since 1970, `null` while it is valid. */
  readonly revokedAt: number | null;
}

/** What changed. Before the point is what it is about. */
export const EVENT_KINDS = [
  'computer.formatted',
  'computer.reported',
  'software.supplied',
  'software.removed',
  'software.reported',
  'instance.allocated',
  'instance.changed',
  'instance.published',
  'instance.renamed',
  'instance.reported',
  'instance.freed',
  'shared.changed',
  'shared.destroyed',
  'shared.published',
] as const;

/** One of {@link EVENT_KINDS}. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** One line of the log of what changed. Texts that do not apply are `''`. */
export interface EventRecord {
  /** Grows from one event to the next. */
  readonly id: number;
  /** Seconds since 1970. */
  readonly happenedAt: number;
  readonly kind: EventKind;
  readonly computerId: string;
  readonly partitionId: string;
  readonly instance: string;
  /** Name of the root of the tree that the instance belongs to. */
  readonly root: string;
  readonly softwareReleaseUrl: string;
  /** The state that is wanted or, in a report, the one that a node saw. */
  readonly state: string;
  readonly message: string;
}

/** What is known about an event when it happens. */
export type NewEvent = Pick<EventRecord, 'kind'> & Partial<Omit<EventRecord, 'id' | 'happenedAt' | 'kind'>>;

/** Which events; absent conditions are not used. */
export interface EventFilter {
  readonly computerId?: string;
  /** Name of a root instance. */
  readonly tree?: string;
  /** A kind, or the part of it before the point. */
  readonly kind?: string;
}

/** A request that was sent on to another master. */
export interface ForwardedRequestRecord {
  /** The name used there, with its prefix. */
  readonly name: string;
  readonly masterUrl: string;
}

/** A usage report of a computer. */
export interface UsageRecord {
  readonly computerId: string;
  /** The document as it was sent (TioXML). */
  readonly document: string;
  /** Seconds since 1970. */
  readonly reportedAt: number;
}
