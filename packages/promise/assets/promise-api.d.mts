/** What a verdict is given for. */
export type PluginResultType = 'Test Result' | 'Anomaly Result' | 'Empty Result';

/** What a result is made of. */
export interface PluginResultOptions {
  /** Whether something is wrong. Default false. */
  readonly problem?: boolean;
  /** For the operator. Longer than 5000 characters: the last 5000 are kept. Default none. */
  readonly message?: string;
  /** Default now. */
  readonly date?: Date;
}

declare class PromiseResult {
  readonly problem: boolean;
  readonly message: string | undefined;
  readonly date: Date;
  constructor(options?: PluginResultOptions);
  hasFailed(): boolean;
}

/** What `test` gives: whether the instance works. (spec: promise 4.2) */
export declare class TestResult extends PromiseResult {
  type(): 'Test Result';
}

/** What `anomaly` gives: a failed one asks the master to process the instance again. (spec: promise 4.2) */
export declare class AnomalyResult extends PromiseResult {
  type(): 'Anomaly Result';
}

/** A promise that has nothing to say in this mode. It is not kept. (spec: promise 4.2) */
export declare class EmptyResult extends PromiseResult {
  type(): 'Empty Result';
}

/** Which runs of a promise are judged, and when they are a failure. */
export interface PromiseRule {
  /** The latest runs to look at. Default 1. */
  readonly resultCount?: number;
  /** Failed runs among them that make a failure; the latest run is one of them. Default 1. */
  readonly failureAmount?: number;
  /** Only runs of the last so many minutes; 0: all. Default 0. */
  readonly latestMinute?: number;
  /** The failures must follow each other: `resultCount` is taken to be `failureAmount`. Default false. */
  readonly consecutive?: boolean;
  /** Also a failure: at least so many changes between good and bad in the last so many runs. Default none. */
  readonly flapping?: { readonly runs: number; readonly changes: number };
}

/** One record of the log of a promise. */
export interface PromiseLogRecord {
  /** Local time, `YYYY-MM-DD HH:MM:SS`. */
  readonly date: string;
  readonly status: string;
  readonly runId: string;
  readonly message: string;
}

/** Writes to the log of the promise. The parts are put together as `util.format` does. */
export interface PromiseLogger {
  /** Kept only when the node debugs. */
  debug(...parts: unknown[]): void;
  info(...parts: unknown[]): void;
  warn(...parts: unknown[]): void;
  warning(...parts: unknown[]): void;
  /** Makes this run a failed one. */
  error(...parts: unknown[]): void;
  /** Makes this run a failed one. */
  critical(...parts: unknown[]): void;
}

/** What a promise is given. Keys as in Python plug-ins, see `getConfig`. */
export type PromiseConfiguration = Record<string, unknown>;

/**
 * The base of promises written in JavaScript: `etc/plugin/NAME.mjs` exports a class `RunPromise` below this one. A process of the
 * partition's user makes one object of it and calls `run`. (spec: promise 8.2)
 */
export declare abstract class GenericPromise {
  /** Takes what it knows out of `config`; the rest is for `getConfig`. Throws on an invalid `periodicity` or `bang-on-failure`. */
  constructor(config: PromiseConfiguration);
  readonly logger: PromiseLogger;
  /** Looks at the instance and logs what it finds: at `error`, or with a throw, when something is wrong. */
  abstract sense(): unknown;
  /** Judges in test mode. Default: `checkTest()`. Undefined is a failure. */
  test(): TestResult | undefined | Promise<TestResult | undefined>;
  /** Judges in anomaly mode. Default: `checkAnomaly()`. A TestResult never bangs. */
  anomaly(): AnomalyResult | TestResult | undefined | Promise<AnomalyResult | TestResult | undefined>;
  /** Judges the log of the latest runs. */
  checkTest(rule?: PromiseRule): TestResult;
  /** Judges the log of the latest runs. */
  checkAnomaly(rule?: PromiseRule): AnomalyResult;
  /**
   * A parameter: of `extraConfig`, or `promise-timeout` (seconds), `master-url`, `partition-cert`, `partition-key`,
   * `partition-id`, `computer-id`, `slapgrid-version`.
   */
  getConfig(key: string, fallback?: unknown): unknown;
  setConfig(key: string, value: unknown): void;
  /** The name without its last extension. */
  getTitle(): string;
  /** The name of the file. */
  getName(): string;
  getPartitionFolder(): string;
  getPromiseFile(): string;
  getLogFile(): string | undefined;
  getLogFolder(): string | undefined;
  /** Minutes, greater than 0, may be a fraction. Default 2, or the parameter `periodicity`. */
  setPeriodicity(minute: number): void;
  getPeriodicity(): number;
  /** Not to be run in test mode. */
  setTestLess(): void;
  isTested(): boolean;
  /** Not to be run in anomaly mode. */
  setAnomalyLess(): void;
  isAnomalyDetected(): boolean;
  /** Whether a failed AnomalyResult asks the master to process the instance again. Default true, or the parameter `bang-on-failure`. */
  allowBang(allow?: boolean): void;
  isBangAllowed(): boolean;
  /** The latest runs, newest first, each with its records in order. */
  getLastPromiseResultList(options?: {
    readonly latestMinute?: number;
    readonly resultCount?: number;
    readonly onlyFailure?: boolean;
  }): PromiseLogRecord[][];
  /** Called by the worker. */
  run(isAnomalyMode: boolean): Promise<TestResult | AnomalyResult | EmptyResult>;
}
