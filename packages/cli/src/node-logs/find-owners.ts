import { type LastTarget, readLastTarget } from '@slapos/grid';
import type { Logger } from '@slapos/host';
import { CliError } from '../errors.js';
import { partitionsOnDisk } from './find-sources.js';
import { NODE } from './log-source.js';

/** The partitions of this machine that belong to an instance, or to the tree below it, by its title; as of the last instance pass. */
export async function partitionsOfTitle(instanceRoot: string, title: string, logger: Logger): Promise<string[]> {
  const target = (await readLastTarget(instanceRoot, logger)) ?? [];
  const belongs = ({ instanceTitle, rootInstanceTitle }: LastTarget): boolean =>
    instanceTitle === title || rootInstanceTitle === title;
  return target.filter(belongs).map(({ partitionId }) => partitionId);
}

/**
 * Whose logs somebody means: `node`, a partition by its id, or the partitions of an instance by its title.
 * @throws CliError `CLI_INPUT`
 */
export async function ownersOf(instanceRoot: string, name: string, logger: Logger): Promise<string[]> {
  if (name === NODE || (await partitionsOnDisk(instanceRoot)).includes(name)) return [name];
  const owners = await partitionsOfTitle(instanceRoot, name, logger);
  if (owners.length > 0) return owners;
  throw new CliError('CLI_INPUT', `${name} is no partition of this machine, and no instance on it that is known.`, {
    hint: 'slapos node status --output table names those with services. Titles are known to the user that runs the passes.',
  });
}
