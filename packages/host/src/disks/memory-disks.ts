import path from 'node:path';

import type { BlockDevice, Disks, Mount } from './disks.js';

const PLENTY = 1024n ** 4n;

export interface MemoryDisksOptions {
  /** Free bytes by mount point; the longest that contains a path counts. Default: 1 TB at `/`. */
  readonly free?: Readonly<Record<string, bigint>>;
  readonly mounts?: readonly Mount[];
  readonly blockDevices?: readonly BlockDevice[];
}

/** Disks that a test makes up. */
export class MemoryDisks implements Disks {
  readonly #options: MemoryDisksOptions;
  readonly #free: Map<string, bigint>;

  constructor(options: MemoryDisksOptions = {}) {
    this.#options = options;
    this.#free = new Map(Object.entries({ '/': PLENTY, ...options.free }));
  }

  /** Changes how much is free on the file system that is mounted there. */
  setFree(mountPoint: string, bytes: bigint): void {
    this.#free.set(mountPoint, bytes);
  }

  async freeSpace(target: string): Promise<bigint> {
    for (let current = path.resolve(target); ; current = path.dirname(current)) {
      const free = this.#free.get(current);
      if (free !== undefined) return free;
      if (current === '/') return PLENTY;
    }
  }

  async mounts(): Promise<Mount[]> {
    const root: Mount = { mountPoint: '/', type: 'ext4', source: '/dev/vda1', device: '254:1', readOnly: false };
    return [...(this.#options.mounts ?? [root])];
  }

  async blockDevices(): Promise<BlockDevice[]> {
    return [...(this.#options.blockDevices ?? [])];
  }
}
