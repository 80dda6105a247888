/** What stands for the machine itself, where partitions have their ids. */
export const NODE = 'node';

/** A file into which something writes its log. */
export interface LogSource {
  /** Id of the partition that it is about; `node` for the machine's own. */
  readonly owner: string;
  /** What writes it: a service, `promise`, `supervisord`, or the name of a file of the instance. */
  readonly program: string;
  /** Absolute path of its folder, which may belong to the partition's user. */
  readonly folder: string;
  readonly name: string;
}

/** A line of a log. */
export interface LogLine {
  readonly owner: string;
  readonly program: string;
  /** Milliseconds since 1970, as the line says it; absent when it says none. */
  readonly writtenMs?: number;
  /** The same, or the best guess: by it lines of several files are put in order. */
  readonly orderMs: number;
  /** Without the end of the line, and without the instant at its beginning. */
  readonly text: string;
}

/** Which sources are read. */
export interface SourceSelection {
  /** Ids of partitions, and `node`; absent: all. */
  readonly owners?: readonly string[] | undefined;
  readonly program?: string | undefined;
}
