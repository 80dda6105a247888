import { readdir } from 'node:fs/promises';

/**
 * @import { MasterState } from './master-state.mjs'
 * @import { Violation } from './wishes-kept.mjs'
 */

const REPORT = /slapreport\.[0-9a-f]{32}/gu;

/**
 * Every usage report that was made has reached the master; one that came twice came with the same bytes (spec: grid §11).
 *
 * @param {{ usage: string }} layout
 * @param {MasterState} master
 * @returns {Promise<Violation[]>}
 */
export async function checkUsage({ usage }, master) {
  const documents = new Map(/** @type {[string, Set<string>][]} */ ([]));
  for (const document of master.usage) {
    for (const [id] of document.matchAll(REPORT)) documents.set(id, (documents.get(id) ?? new Set()).add(document));
  }
  const made = await readdir(usage);
  const lost = made.filter((id) => !documents.has(id)).map((id) => `${id} was made, and the master does not have it`);
  const twice = [...documents]
    .filter(([, different]) => different.size > 1)
    .map(([id, different]) => `${id} is in ${different.size} different documents`);
  return [...lost, ...twice].map((detail) => ({ invariant: 'no usage is lost or counted twice', detail }));
}
