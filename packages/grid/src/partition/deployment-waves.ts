import type { PlannedItem } from './plan-pass.js';

/** What the order depends on. */
type Item = Pick<PlannedItem, 'planned' | 'requested' | 'observed'>;

/**
 * Puts the children of instances that are deployed for the first time after these: a child is often made of what its parent publishes or
 * runs, and would fail once for nothing. The master names only the root of a tree, so that is the parent that is waited for. The order is
 * otherwise kept, and what is deployed already waits for nobody.
 * @returns the partitions that go first, and those that wait for them
 */
export function deploymentWaves<Planned extends Item>(items: readonly Planned[]): [Planned[], Planned[]] {
  const newRoots = new Set(items.filter((item) => isRoot(item) && isFirstDeployment(item)).map(rootTitle));
  const waits = (item: Planned): boolean => !isRoot(item) && newRoots.has(rootTitle(item)) && isFirstDeployment(item);
  return [items.filter((item) => !waits(item)), items.filter(waits)];
}

function rootTitle({ requested }: Item): string | undefined {
  return requested.rootInstanceTitle;
}

/** A master that does not name the root of a tree has only roots. */
function isRoot({ requested: { instanceTitle, rootInstanceTitle } }: Item): boolean {
  return rootInstanceTitle === undefined || rootInstanceTitle === instanceTitle;
}

function isFirstDeployment({ planned, observed }: Item): boolean {
  return planned.action === 'process' && planned.requestedState !== 'destroyed' && observed?.timestamp === undefined;
}
