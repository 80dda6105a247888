import { emptyDisk } from './node/disk.mjs';
import { PARTITIONS } from './steps.mjs';

/**
 * @import { TorturedNode } from './node/node.mjs'
 * @import { HostileOwners } from './faults/hostile-owner.mjs'
 * @import { Wishes } from './wishes/wishes.mjs'
 * @import { PassName } from './steps.mjs'
 * @import { Violation } from './invariants/wishes-kept.mjs'
 */

/** As often as a node may need: an instance is stopped, then removed, then its software; an error is told, then its end. */
const PASSES = 5;
const PARTITION_INDEXES = Array.from({ length: PARTITIONS }, (_, index) => index);
/** @type {readonly PassName[]} */
const ORDER = ['software', 'instance', 'report'];

/**
 * All faults end; passes run until there is nothing left to do.
 *
 * @param {{ node: TorturedNode, owners: HostileOwners, wishes: Wishes }} cast
 * @returns {Promise<Violation[]>} that it does not come to rest
 */
export async function settle({ node, owners, wishes }) {
  node.master.tellTheTruth();
  await emptyDisk(node.layout);
  const touched = await owners.repent();
  await node.ensureProxy();
  await wishes.askAgain();
  // Who has lost files by his own fault, or his service to the operator, asks for a new deployment.
  const banging = (await node.endSurvivors()) ? PARTITION_INDEXES : touched;
  for (const partition of banging) await wishes.bang(partition);
  let last = '';
  for (let pass = 0; pass < PASSES; pass += 1) {
    const ends = [];
    for (const name of ORDER) ends.push({ name, ...(await node.slapos(['node', name, '--now'])) });
    await wishes.askForGuestsAgain();
    const plan = await node.slapos(['node', 'plan', '--exit-code']);
    if (plan.code === 0 && ends.every(({ code }) => code === 0)) return [];
    last = [...ends, { name: 'plan', ...plan }]
      .filter(({ code }) => code !== 0)
      .map(({ name, code, output }) => `${name} ended with ${code}:\n${output.trimEnd()}`)
      .join('\n');
  }
  return [{ invariant: 'the node comes to rest', detail: `after ${PASSES} times all passes, ${last}` }];
}
