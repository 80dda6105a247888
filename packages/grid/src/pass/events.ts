import type { PlannedRelease } from '../software/plan.js';
import type { PlannedPartition } from '../partition/plan.js';

/** Which pass it is about. */
export type PassName = 'software' | 'instance' | 'promise' | 'report';

/** Where the work on a partition stands. */
export type PartitionStep =
  | 'certificate'
  | 'build'
  | 'firewall'
  | 'supervisor'
  | 'start'
  | 'stop'
  | 'promises'
  | 'report';

/** How an item of a pass ended. */
export type ItemOutcome =
  /** Nothing had to be done. */
  | 'unchanged'
  /** Left out by a filter, or a duplicate. */
  | 'skipped'
  /** Its folder is not there; told to the master, but no failure of the pass. */
  | 'missing'
  | 'built'
  /** Unpacked from the binary cache. */
  | 'downloaded'
  | 'removed'
  | 'processed'
  | 'failed'
  | 'promise-failed'
  /** A destroyed instance whose files are gone. */
  | 'destroyed'
  /** A destroyed instance that something still holds. */
  | 'kept';

/** What each type of event carries beside the common fields. (spec: ux-ideas 17) */
export interface PassEventFields {
  'pass.started': {
    /** The same as `passId`. */
    readonly id: string;
    readonly pid: number;
  };
  'pass.finished': {
    readonly outcome: string;
    /** What the command ends with. */
    readonly exitCode: number;
    readonly counts: Readonly<Record<string, number>>;
    readonly durationMs: number;
    /** Why it ended early: the master could not be asked, somebody interrupted it. */
    readonly message?: string;
  };
  'master.offline': { readonly message: string };
  'software.planned': { readonly software: string; readonly action: PlannedRelease['action']; readonly reason: string };
  'software.started': { readonly software: string; readonly action: PlannedRelease['action'] };
  'software.part': { readonly software: string; readonly part: string; readonly index: number };
  'software.output': { readonly software: string; readonly line: string };
  'software.finished': {
    readonly software: string;
    readonly outcome: ItemOutcome;
    readonly durationMs: number;
    readonly message?: string;
    readonly logPath?: string;
  };
  'software.removed': { readonly directory: string };
  'partition.planned': {
    readonly partition: string;
    readonly action: PlannedPartition['action'];
    readonly reason: string;
  };
  'partition.started': { readonly partition: string };
  'partition.step': { readonly partition: string; readonly step: PartitionStep };
  'partition.output': { readonly partition: string; readonly line: string };
  'partition.finished': {
    readonly partition: string;
    readonly outcome: ItemOutcome;
    readonly durationMs: number;
    readonly message?: string;
  };
  'partition.destroyed': { readonly partition: string };
  'promise.finished': {
    readonly partition: string;
    readonly promise: string;
    readonly ok: boolean;
    readonly message: string;
    readonly durationMs: number;
  };
}

/** One thing that happened in a pass; only fields are added within one version. */
export type PassEvent = {
  [Type in keyof PassEventFields]: {
    readonly v: 1;
    /** ISO 8601, UTC, milliseconds. */
    readonly time: string;
    readonly type: Type;
    readonly pass: PassName;
    /** The same for all events of one pass. */
    readonly passId: string;
  } & PassEventFields[Type];
}[keyof PassEventFields];

/** Receives the events of a pass as they happen. It must not throw; what takes long belongs elsewhere. */
export type PassObserver = (event: PassEvent) => void;

/** Says that something happened; the common fields are added. */
export type Emit = <Type extends keyof PassEventFields>(type: Type, fields: PassEventFields[Type]) => void;

/** The `emit` of one pass. */
export function createEmit(
  pass: PassName,
  passId: string,
  clock: { now(): number },
  observer: PassObserver | undefined,
): Emit {
  if (observer === undefined) return () => {};
  return (type, fields) => {
    const common = { v: 1, time: new Date(clock.now()).toISOString(), type, pass, passId };
    // Clocks count fractions of milliseconds; those who read of it do not.
    const whole = 'durationMs' in fields ? { durationMs: Math.round(fields.durationMs) } : {};
    // The compiler cannot see that a type and its own fields make one member of the union.
    observer({ ...common, ...fields, ...whole } as unknown as PassEvent);
  };
}
