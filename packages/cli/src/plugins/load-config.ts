import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core';
import { hasPlugins, pluginFolder } from './plugin-folder.js';

/**
 * The description of the program as oclif knows it, with the user's plug-ins if there are any.
 * @param root a file one folder below that of the package, as a URL
 */
export async function loadOclifConfig(root: string): Promise<Config> {
  return Config.load({ root: fileURLToPath(root), userPlugins: await hasPlugins(pluginFolder(process.env)) });
}
