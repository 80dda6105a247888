import type { CommandCatalogue } from '../command-line/catalogue.js';
import { loadOclifConfig } from './load-config.js';

/** All commands, those of plug-ins included. Ours win over a plug-in's of the same name. */
export async function readCatalogueWithPlugins(root: string): Promise<CommandCatalogue> {
  const config = await loadOclifConfig(root);
  return { version: config.version, commands: config.commands };
}
