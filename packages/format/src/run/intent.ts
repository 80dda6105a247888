import path from 'node:path';
import { isSlapOSError, type Logger, UntrustedDirectory, writeFileAtomically } from '@slapos/host';
import type { KeptState } from '../computer/document.js';
import { readStateDocument } from '../computer/document.js';
import { makeFolder } from './apply.js';
import { readIfThere } from './observe.js';

const MODE = 0o644;
const FOLDER_MODE = 0o755;

/** Where the document of a run that is under way lies. */
export function intentFile(computerXml: string): string {
  return `${computerXml}.pending`;
}

/** Keeps which addresses a run is about to make: chosen at random, they would otherwise be lost and chosen anew after a crash. */
export async function writeIntent(computerXml: string, document: string): Promise<void> {
  await makeFolder(path.dirname(computerXml), FOLDER_MODE, undefined);
  await writeFileAtomically(intentFile(computerXml), document, { mode: MODE });
}

/** Forgets it, once the document itself says the same. */
export async function removeIntent(computerXml: string): Promise<void> {
  const file = intentFile(computerXml);
  if ((await readIfThere(file)) === undefined) return;
  await using directory = await UntrustedDirectory.open(path.dirname(file));
  await directory.remove(path.basename(file));
}

/** What was kept, with what a run that was cut short had chosen beyond it. */
export async function withIntent(
  kept: KeptState | undefined,
  { computerXml, partitionAmount, logger }: { computerXml: string; partitionAmount: number; logger: Logger },
): Promise<KeptState | undefined> {
  const file = intentFile(computerXml);
  const document = await readIfThere(file);
  if (document === undefined) return kept;
  let intended: KeptState;
  try {
    intended = readStateDocument(document, file);
  } catch (error) {
    if (!isSlapOSError(error)) throw error;
    logger.warn('What the last run was about to do cannot be read: it is ignored', { file, error });
    return kept;
  }
  logger.info('The last run was cut short: its addresses are taken up again', { file });
  if (kept === undefined) return { ...intended, partitions: intended.partitions.slice(0, partitionAmount) };
  const former = kept.partitions.map((partition, index) => {
    const next = intended.partitions[index];
    return next?.partitionId === partition.partitionId ? next : partition;
  });
  const further = intended.partitions.slice(former.length, Math.max(partitionAmount, former.length));
  return { ...kept, partitions: [...former, ...further] };
}
