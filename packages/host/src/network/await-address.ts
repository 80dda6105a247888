import type { Clock } from '../clock.js';
import { canonicalAddress } from './addresses.js';
import type { Network } from './network.js';

const POLL_MS = 50;
const DEFAULT_PATIENCE_MS = 2000;

/** What became of an address. */
export type AddressReadiness = 'ready' | 'tentative' | 'duplicate' | 'absent';

/**
 * Waits for the end of duplicate detection of an address, at most `patienceMs` (default 2000). `tentative` when it went on
 * for longer, which is normal for an interface without a carrier. (spec: format 4.4)
 */
export async function awaitAddress(
  network: Network,
  clock: Clock,
  wanted: { readonly link: string; readonly address: string },
  options: { readonly patienceMs?: number; readonly signal?: AbortSignal } = {},
): Promise<AddressReadiness> {
  const address = canonicalAddress(wanted.address);
  const deadline = clock.monotonic() + (options.patienceMs ?? DEFAULT_PATIENCE_MS);
  for (;;) {
    const found = (await network.addresses(wanted.link)).find((each) => each.address === address);
    if (found === undefined) return 'absent';
    if (found.isDuplicate) return 'duplicate';
    if (!found.isTentative) return 'ready';
    if (clock.monotonic() >= deadline) return 'tentative';
    await clock.sleep(POLL_MS, options.signal);
  }
}
