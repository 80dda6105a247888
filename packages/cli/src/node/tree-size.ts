import path from 'node:path';
import type { Logger } from '@slapos/host';
import { configPath, loadConfigFile } from '../config/config-file.js';
import { bytesText } from '../metering/figures.js';
import { partitionsOfTitle } from '../node-logs/find-owners.js';
import { folderSizes } from './folder-sizes.js';

/**
 * What an instance and those below it take on this machine, for people: `12.0 MiB in slappart0, slappart3`; `undefined` when none of them
 * is here, or we may not look.
 */
export async function treeSizeHere(title: string, logger: Logger): Promise<string | undefined> {
  const node = await loadConfigFile(configPath('node', undefined, process.env), 'node').catch(() => undefined);
  const instanceRoot = node?.value('slapos', 'instance_root');
  if (!instanceRoot) return undefined;
  const partitions = await partitionsOfTitle(instanceRoot, title, logger).catch(() => []);
  const sizes = await folderSizes(
    partitions.map((partition) => path.join(instanceRoot, partition)),
    logger,
  );
  if (sizes.size === 0) return undefined;
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return `${bytesText(bytes)} in ${[...sizes.keys()].map((folder) => path.basename(folder)).join(', ')}`;
}
