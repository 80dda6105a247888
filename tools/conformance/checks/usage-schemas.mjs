import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { checkComputerUsage, readPartitionUsage, writeComputerUsage } from '@slapos/slap';

/** @import { Outcome } from '../outcome.mjs' */

const NUMBERS = ['1', '-1', '+1.50', '.5', '5.', '1e3', '1E-3', 'INF', '-INF', 'NaN', '', '1,5', '0x10', 'inf', '1 2'];
/** What a partition says is only taken when it is a number that can be added up, which the schema does not ask for. */
const NOT_FINITE = /^-?INF$|^NaN$/;
/** An element without children, an opening tag, or a closing tag. */
const PIECE = /<(\w+)(?: [^>]*)?>[^<]*<\/\1>|<[^>]*>/g;

/**
 * Changes documents of usage in every place that the published schemas speak of, and asks xmllint and our reader about each.
 *
 * @param {string} fixtures
 * @returns {Promise<Outcome>}
 */
export async function check(fixtures) {
  const recorded = await readFile(path.join(fixtures, 'slap/consumption/2019-10-07.xml'), 'utf8');
  const computer = shortened(recorded);
  const [movement = ''] = /<movement>.*?<\/movement>/.exec(computer) ?? [];
  const partition = `<?xml version="1.0"?><consumption>${movement}${movement}</consumption>`;
  const written = writeComputerUsage({
    computerId: 'COMP-<1>',
    stopDate: '2026-11-23 at 05:12:00',
    usages: [{ partitionId: 'slappart0', movements: readPartitionUsage(partition) }],
  });
  const cases = [
    {
      schema: path.join(fixtures, 'slap/xsd/computer_consumption.xsd'),
      documents: [recorded, written, ...variations(computer)],
      read: checkComputerUsage,
      isLeft: () => false,
    },
    {
      schema: path.join(fixtures, 'slap/xsd/partition_consumption.xsd'),
      documents: [partition, ...variations(partition)],
      read: readPartitionUsage,
      /** @param {string} document */
      isLeft: (document) => [...document.matchAll(/<\w+>([^<]*)</g)].some(([, text = '']) => NOT_FINITE.test(text)),
    },
  ];
  /** @type {string[]} */
  const differences = [];
  let checked = 0;
  for (const { schema, documents, read, isLeft } of cases) {
    const wanted = documents.filter((document) => !isLeft(document));
    const verdicts = await askXmllint(schema, wanted);
    for (const [index, document] of wanted.entries()) {
      checked += 1;
      const isValid = verdicts[index];
      if (isValid !== accepts(read, document))
        differences.push(`${path.basename(schema)} ${isValid ? 'allows' : 'forbids'}: ${document}`);
    }
    if (!verdicts.includes(true) || !verdicts.includes(false))
      differences.push(`${path.basename(schema)}: all documents were judged alike`);
  }
  return { name: 'Schemas of usage reports', checked, differences };
}

/** Two movements are enough to change. @param {string} document */
function shortened(document) {
  let count = 0;
  return document.replace(/<movement>.*?<\/movement>/g, (text) => ((count += 1) > 2 ? '' : text));
}

/**
 * @param {(document: string) => unknown} read
 * @param {string} document
 */
function accepts(read, document) {
  try {
    read(document);
    return true;
  } catch {
    return false;
  }
}

/** Each with one change: a piece gone, twice, behind its neighbour, renamed, with an attribute, with another text. @param {string} document */
function variations(document) {
  const begin = document.indexOf('?>') + '?>'.length;
  const pieces = document.slice(begin).match(PIECE) ?? [];
  /** @type {string[]} */
  const found = [];
  for (const [index, piece] of pieces.entries()) {
    /** @param {...string} replacement */
    const change = (...replacement) => {
      found.push(document.slice(0, begin) + pieces.toSpliced(index, 1, ...replacement).join(''));
    };
    const isElement = piece.endsWith('/>') || /<\/\w+>$/.test(piece.slice(1));
    change(piece, '<foreign/>');
    change(piece, 'text');
    if (!isElement || piece.startsWith('</')) continue;
    change();
    change(piece, piece);
    change(piece.replace(/^<(\w+)/, '<$1 type="x"'));
    const next = pieces[index + 1];
    if (next !== undefined) found.push(document.slice(0, begin) + pieces.toSpliced(index, 2, next, piece).join(''));
    if (/^<(quantity|price)>/.test(piece))
      for (const number of NUMBERS) change(piece.replace(/>[^<]*</, `>${number}<`), '');
  }
  return found;
}

/**
 * @param {string} schema
 * @param {readonly string[]} documents
 * @returns {Promise<boolean[]>}
 */
async function askXmllint(schema, documents) {
  const scratch = await mkdtemp(path.join(tmpdir(), 'slapos-conformance-'));
  try {
    const names = documents.map((_, index) => `${index}.xml`);
    for (const [index, document] of documents.entries()) await writeFile(path.join(scratch, `${index}.xml`), document);
    const { error, stderr } = spawnSync('xmllint', ['--noout', '--nonet', '--schema', schema, ...names], {
      cwd: scratch,
      encoding: 'utf8',
      maxBuffer: Number.MAX_SAFE_INTEGER,
    });
    if (error !== undefined)
      throw new Error('xmllint is needed to judge by a schema: apt-get install libxml2-utils', { cause: error });
    const valid = new Set([...stderr.matchAll(/^(\S+) validates$/gm)].map(([, name]) => name));
    return names.map((name) => valid.has(name));
  } finally {
    await rm(scratch, { recursive: true });
  }
}
