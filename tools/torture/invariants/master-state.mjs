import { unmarshal } from '@slapos/slap';
import Database from 'better-sqlite3';

import { COMPUTER_ID } from '../node/layout.mjs';

/**
 * What the master has on its disk about one partition that is in use.
 *
 * @typedef {{ id: string, name: string, release: string, state: string, n: string | undefined, digest: string | undefined,
 *   shared: { reference: string, n: unknown }[], lastWord: string | undefined, isFree: boolean }} MasterPartition
 * @typedef {{ integrity: string, partitions: MasterPartition[], usage: string[], releases: Record<string, string>,
 *   releaseWords: Record<string, string> }} MasterState
 */

/**
 * @typedef {{ reference: string, slap_state: string, partition_reference: string | null, software_release: string | null,
 *   requested_state: string, xml: string | null, connection_xml: string | null, slave_instance_list: string | null }} PartitionRow
 */

/** @param {string | null} xml @param {string} name */
function parameterOf(xml, name) {
  return new RegExp(`<parameter id="${name}">([^<]*)</parameter>`, 'u').exec(xml ?? '')?.[1];
}

/** @param {string | null} column */
function sharedOf(column) {
  if (column === null || column === '') return [];
  const entries = /** @type {Map<unknown, unknown>[]} */ (unmarshal(Buffer.from(column)));
  return entries.map((entry) => ({ reference: String(entry.get('slave_reference')), n: entry.get('n') }));
}

/**
 * Reads the proxy's database beside the proxy.
 *
 * @param {string} file
 * @returns {MasterState}
 */
export function readMaster(file) {
  const database = new Database(file, { readonly: true });
  try {
    const rows = (/** @type {string} */ sql, /** @type {unknown[]} */ ...values) =>
      database.prepare(sql).all(...values);
    const reports = /** @type {{ partition_reference: string, url: string, kind: string }[]} */ (
      rows(
        "select partition_reference, url, kind from node_report17 where slave_reference = '' and kind != 'bang' and computer_reference = ? order by id",
        COMPUTER_ID,
      )
    );
    const lastWords = new Map(reports.map(({ partition_reference: id, url, kind }) => [`${id} ${url}`, kind]));
    const releases = /** @type {{ url: string, requested_state: string }[]} */ (
      rows('select url, requested_state from software17')
    );
    return {
      integrity: String(database.pragma('integrity_check', { simple: true })),
      partitions: /** @type {PartitionRow[]} */ (rows('select * from partition17 order by reference')).map((row) => ({
        id: row.reference,
        name: row.partition_reference ?? '',
        release: row.software_release ?? '',
        state: row.requested_state,
        n: parameterOf(row.xml, 'n'),
        digest: parameterOf(row.connection_xml, 'digest'),
        shared: sharedOf(row.slave_instance_list),
        lastWord: lastWords.get(`${row.reference} `),
        isFree: row.slap_state === 'free',
      })),
      usage: /** @type {{ document: string }[]} */ (rows('select document from usage_report17')).map(
        ({ document }) => document,
      ),
      releases: Object.fromEntries(releases.map(({ url, requested_state: state }) => [url, state])),
      releaseWords: Object.fromEntries(releases.map(({ url }) => [url, lastWords.get(` ${url}`) ?? 'nothing'])),
    };
  } finally {
    database.close();
  }
}
