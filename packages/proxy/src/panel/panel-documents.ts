import type { EventDocument } from '../events/event-text.js';
import type { ReportKind } from '../store/records.js';

/** The newest thing that a node said about something, as the panel gets it. */
export interface PanelReport {
  readonly kind: ReportKind;
  /** In lists its beginning; `''` when the node gave none. */
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly time: string;
}

/** A Software Release that a computer is supplied with. */
export interface PanelSoftware {
  readonly url: string;
  readonly requestedState: string;
  /** Absent while its node has said nothing about it. */
  readonly report?: PanelReport;
}

/** A computer with what it is supplied with. */
export interface PanelComputer {
  readonly computerId: string;
  /** How many partitions hold an instance, and how many do not. */
  readonly partitions: { readonly busy: number; readonly free: number };
  readonly software: readonly PanelSoftware[];
  /** What its node said about the computer itself. */
  readonly report?: PanelReport;
}

/** An instance, or a shared instance, as a line of a list. */
export interface PanelInstance {
  /** As the JSON-RPC API names it. */
  readonly guid: string;
  readonly title: string;
  /** Title of the root of its tree; its own for a root. */
  readonly tree: string;
  /** Whether the user requested it, and nobody else can. */
  readonly isRoot: boolean;
  readonly isShared: boolean;
  readonly computerId: string;
  /** The partition that it is in; for a shared instance that of its host. */
  readonly partitionId: string;
  readonly softwareReleaseUrl: string;
  readonly softwareType: string;
  readonly requestedState: string;
  readonly report?: PanelReport;
}

/** Who looks at the panel. */
export type PanelViewer =
  | { readonly role: 'user' }
  | { readonly role: 'computer'; readonly computerId: string }
  | { readonly role: 'partition'; readonly tree: string };

/** All that whoever asks may see, at one moment. */
export interface PanelOverview {
  readonly viewer: PanelViewer;
  /** The number of the newest event at that moment: what follows it is not in here yet. */
  readonly lastEventId: number;
  readonly computers: readonly PanelComputer[];
  readonly instances: readonly PanelInstance[];
}

/** What a node said about one partition, the newest first, since it holds the instance that it holds. */
export interface PanelReports {
  readonly reports: readonly PanelReport[];
}

/** A software type that a release has. */
export interface PanelSoftwareType {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly isShared: boolean;
}

/** What a Software Release says of its parameters. */
export interface PanelSchema {
  /** Empty when the release has no description that can be read. */
  readonly types: readonly PanelSoftwareType[];
  /** The JSON schema of the parameters of the type that was asked for. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** How parameters travel. */
  readonly serialisation: 'xml' | 'json-in-xml';
}

/** What is wrong with parameters, and how they are sent when nothing is. */
export interface PanelCheck {
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A page of the log of what changed. */
export interface PanelEventPage {
  readonly events: readonly EventDocument[];
  readonly oldest: number;
  readonly newest: number;
}
