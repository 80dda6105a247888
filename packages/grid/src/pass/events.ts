import type { PlannedRelease } from '../software/plan.js';
import type { PlannedPartition } from '../partition/plan.js';
import type { MasterRequest } from '@slapos/slap';

/** Which pass it is about. */
export type PassName = 'software' | 'instance' | 'promise' | 'report' | 'format';

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
    /** The same as `passId`, and as `pass` of all events after it. */
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
  /** A request to the master has ended. */
  'master.request': MasterRequest;
  /** Something of the configuration that is not used, or not as somebody meant it. */
  'config.warning': { readonly message: string };
  'software.planned': { readonly software: string; readonly action: PlannedRelease['action']; readonly reason: string };
  'software.started': { readonly software: string; readonly action: PlannedRelease['action'] };
  'software.part': {
    readonly software: string;
    readonly part: string;
    /** The first one is 1. */
    readonly index: number;
    /** How many there will be, going by the build before; absent when none is known. */
    readonly estimatedTotal?: number;
  };
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
    readonly title?: string;
  };
  'partition.started': { readonly partition: string };
  'partition.step': {
    readonly partition: string;
    readonly step: PartitionStep;
    /** Of the step `promises`: how many are run. */
    readonly count?: number;
  };
  'partition.output': { readonly partition: string; readonly line: string };
  'partition.finished': {
    readonly partition: string;
    readonly outcome: ItemOutcome;
    readonly durationMs: number;
    readonly message?: string;
    /** Where it says in full why it failed. */
    readonly logPath?: string;
  };
  'partition.destroyed': { readonly partition: string };
  /** A service runs that did not run before the pass, or that was started anew. */
  'service.started': { readonly partition: string; readonly service: string; readonly pid: number };
  /** A service does not run any more that ran before the pass, or could not be kept running. */
  'service.exited': {
    readonly partition: string;
    readonly service: string;
    /** As the supervisor names it; `REMOVED` when it does not have the service any more. */
    readonly state: string;
    readonly exitStatus?: number;
  };
  /** One change of the machine that formatting has made. */
  'format.step': { readonly step: string; readonly reason: string; readonly detail: string };
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
    /** In `pass.started` the kind of the pass, in all others the id that it began with. */
    readonly pass: string;
    /** The kind of the pass. */
    readonly passName: PassName;
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
  passName: PassName,
  passId: string,
  clock: { now(): number },
  observer: PassObserver | undefined,
): Emit {
  if (observer === undefined) return () => {};
  return (type, fields) => {
    const pass = type === 'pass.started' ? passName : passId;
    const common = { v: 1, time: new Date(clock.now()).toISOString(), type, pass };
    // Clocks count fractions of milliseconds; those who read of it do not.
    const whole = 'durationMs' in fields ? { durationMs: Math.round(fields.durationMs) } : {};
    // The compiler cannot see that a type and its own fields make one member of the union.
    observer({ ...common, ...fields, ...whole, passName, passId } as unknown as PassEvent);
  };
}
