/** One mounted file system. (proc_pid_mountinfo(5)) */
export interface Mount {
  readonly mountPoint: string;
  /** `ext4`, `tmpfs`… */
  readonly type: string;
  /** `/dev/sda1`, `tmpfs`… */
  readonly source: string;
  /** `8:1` */
  readonly device: string;
  readonly readOnly: boolean;
}

/** One block device, a whole disk or a part of one. */
export interface BlockDevice {
  /** `/dev/sda1` */
  readonly path: string;
  /** `disk`, `part`, `loop`, `lvm`, … */
  readonly type: string;
  readonly sizeBytes: number;
  /** `8:1` */
  readonly device: string;
  /** The device that it is part of; `undefined` for a whole one. */
  readonly parentPath: string | undefined;
  /** Where it is mounted; `[SWAP]` for swap space. */
  readonly mountPoints: readonly string[];
}

/** Disks and file systems. */
export interface Disks {
  /**
   * Bytes that an unprivileged user can still write on the file system of `path`, or of its nearest ancestor that exists:
   * f_bavail × f_frsize. (spec: grid 5.2)
   */
  freeSpace(path: string): Promise<bigint>;
  /** In the kernel's order: a later mount hides an earlier one at the same place. */
  mounts(): Promise<Mount[]>;
  blockDevices(): Promise<BlockDevice[]>;
}
