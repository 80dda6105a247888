import type { ExpectedOwner } from './open-directory.js';

/** Files of partitions are read up to here unless the caller says otherwise. (spec: security S10) */
export const DEFAULT_MAX_BYTES = 1024 * 1024;
export const DEFAULT_FILE_MODE = 0o600;
export const DEFAULT_DIRECTORY_MODE = 0o700;
/** Of what nobody but us may enter or read yet. */
export const PRIVATE_DIRECTORY_MODE = 0o700;

export interface Ownership {
  /** Default: ours. */
  readonly uid?: number;
  /** Default: ours. */
  readonly gid?: number;
}

export interface WriteOptions extends Ownership {
  /** All twelve bits, whatever the umask. Default 0600. */
  readonly mode?: number;
  /**
   * Flush file and folder to the disk, so that a crash of the machine loses neither. Default true. Without it a crash can
   * leave an old or an empty file: only for what is made again anyway.
   */
  readonly durable?: boolean;
}

export interface ReadOptions extends ExpectedOwner {
  /** Default 1 MB. A longer file is an error `HOST_FILE_TOO_LARGE`. */
  readonly maxBytes?: number;
  /** Of a longer file, read the last `maxBytes` instead of failing. Default false. */
  readonly tail?: boolean;
  /** Read from this byte on, at most `maxBytes`; what follows is not an error. Default: the whole file. */
  readonly from?: number;
  /** Refuse a file with a second name (a hard link). Default false. */
  readonly singleLink?: boolean;
}

export interface OpenSubdirectoryOptions extends Ownership, ExpectedOwner {
  /** Make it when it is absent. Default false. */
  readonly create?: boolean;
  /** Of a folder that is made. Default 0700. */
  readonly mode?: number;
}
