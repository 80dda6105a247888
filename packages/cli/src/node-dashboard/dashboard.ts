import type { ProcessInfo } from '@slapos/supervisor';
import type { PassState } from '../pass-outputs/pass-state.js';

/** A promise that fails, as its last run left it. */
export interface FailingPromise {
  readonly promise: string;
  readonly message: string;
  /** How many times it has failed without a success in between, as far as its history reaches. */
  readonly timesInARow: number;
  /** ISO 8601; when it failed first. */
  readonly since: string;
}

/** How the last pass over a partition went. */
export interface LastRun {
  /** ISO 8601. */
  readonly endedAt: string;
  /** Absent when only the time of the last processing is known. */
  readonly durationMs?: number;
  readonly outcome?: string;
}

/** A partition, as the files of the machine and its supervisor tell. */
export interface PartitionState {
  readonly partition: string;
  /** Title of the instance; absent when it is free, or when only the user that runs the passes knows. */
  readonly instance: string | undefined;
  readonly type: string | undefined;
  /** What the master wanted last, `free`, or `unknown`. */
  readonly state: string;
  /** `undefined` without a supervisor. */
  readonly services:
    | { readonly running: number; readonly all: number; readonly failed: readonly ProcessInfo[] }
    | undefined;
  readonly promises: { readonly all: number; readonly failing: readonly FailingPromise[] };
  readonly lastRun: LastRun | undefined;
}

/** A Software Release on the machine. */
export interface ReleaseState {
  readonly softwareReleaseUrl: string;
  readonly state: 'complete' | 'building' | 'incomplete';
}

/** The machine on one screen (spec: ux-ideas §8). */
export interface Dashboard {
  readonly computerId: string | undefined;
  /** What the master answered; absent when it was not asked. */
  readonly master: { readonly isWell: boolean; readonly message: string } | undefined;
  /** Of the file system of the instances, from 0 to 1. */
  readonly diskUsed: number;
  readonly load: number;
  readonly pass: PassState | undefined;
  readonly partitions: readonly PartitionState[];
  readonly releases: readonly ReleaseState[];
}
