import { type LastTarget, readLastTarget } from '@slapos/grid';
import { silentLogger } from '@slapos/host';

/** What the master wanted of the partitions when it was last asked; empty when only others may know. */
export async function lastTarget(instanceRoot: string): Promise<LastTarget[]> {
  return (await readLastTarget(instanceRoot, silentLogger)) ?? [];
}
