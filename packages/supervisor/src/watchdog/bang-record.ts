import path from 'node:path';
import { UntrustedDirectory } from '@slapos/host';

/** When the partition last banged: the timestamp of the deployment that was current then (spec: grid §12.2). */
const BANG_FILE = '.slapos_latest_bang_timestamp';
const TIMESTAMP_FILE = '.timestamp';
const FILE_MODE = 0o644;
const MAX_BYTES = 1024;

/** Remembers in the partitions' folders which deployment has banged, so that each bangs once. */
export class BangRecord {
  readonly #instanceRoot: string;

  constructor(instanceRoot: string) {
    this.#instanceRoot = instanceRoot;
  }

  /** Whether the partition banged since its last successful deployment, or is not deployed after it banged. */
  async hasBanged(partitionId: string): Promise<boolean> {
    await using folder = await this.#open(partitionId);
    const banged = await folder.readText(BANG_FILE, { maxBytes: MAX_BYTES });
    if (banged === undefined) return false;
    const deployed = await folder.readText(TIMESTAMP_FILE, { maxBytes: MAX_BYTES });
    return deployed === undefined || integer(deployed) <= integer(banged);
  }

  /** Notes that the deployment of now has banged. */
  async note(partitionId: string): Promise<void> {
    await using folder = await this.#open(partitionId);
    const deployed = await folder.readText(TIMESTAMP_FILE, { maxBytes: MAX_BYTES });
    await folder.writeAtomic(BANG_FILE, deployed ?? '0', { mode: FILE_MODE });
  }

  #open(partitionId: string): Promise<UntrustedDirectory> {
    return UntrustedDirectory.open(path.join(this.#instanceRoot, partitionId));
  }
}

/** A file that a tenant may have written: what is no integer counts as 0. */
function integer(text: string): bigint {
  const digits = /^\s*(-?\d{1,100})\s*$/.exec(text)?.[1];
  return digits === undefined ? 0n : BigInt(digits);
}
