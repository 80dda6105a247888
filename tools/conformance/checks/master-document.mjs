import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { marshal, readComputerInformation, unmarshal } from '@slapos/slap';

/** @import { Outcome } from '../outcome.mjs' */

/**
 * Reads a document as the real master sends it, with both readers, and writes it again.
 *
 * @param {string} fixtures
 * @returns {Promise<Outcome>}
 */
export async function check(fixtures) {
  const bytes = await readFile(path.join(fixtures, 'slap/marshal/master-computer.xml'));
  /** @type {string[]} */
  const differences = [];
  const value = unmarshal(bytes);
  if (marshal(value) !== marshal(unmarshal(bytes, { parser: 'sax' }))) differences.push('the two readers differ');
  if (marshal(unmarshal(marshal(value))) !== marshal(value))
    differences.push('writing what was read gives something else');
  const { computerId, partitions, softwareReleases } = readComputerInformation(value);
  if (computerId === '') differences.push('the computer has no id');
  if (partitions.length === 0) differences.push('there are no partitions');
  if (!partitions.some(({ softwareReleaseUrl }) => softwareReleaseUrl !== undefined))
    differences.push('no partition is busy');
  if (!partitions.some(({ timestamp }) => timestamp !== undefined)) differences.push('no partition has a time stamp');
  return {
    name: `document of the real master (${partitions.length} partitions, ${softwareReleases.length} releases)`,
    checked: 6,
    differences,
  };
}
