import { type Host, formatHumanSize } from '@slapos/host';

import { GridError } from '../errors.js';

/**
 * Checks that an unprivileged user has enough room for what is about to be written. (spec: grid 5.2)
 * @throws GridError `GRID_NOT_ENOUGH_SPACE`.
 */
export async function checkFreeSpace(
  host: Pick<Host, 'disks'>,
  directory: string,
  minimumBytes: bigint,
  optionName: 'software_min_free_space' | 'instance_min_free_space',
): Promise<void> {
  if (minimumBytes <= 0n) return;
  const available = await host.disks.freeSpace(directory);
  if (available >= minimumBytes) return;
  throw new GridError(
    'GRID_NOT_ENOUGH_SPACE',
    `Not enough free space for ${directory}: ${formatHumanSize(available)} available, ${formatHumanSize(minimumBytes)} wanted (option ${optionName})`,
    { hint: `Free some space on that file system, or lower ${optionName} in [slapos].`, retryable: true },
  );
}
