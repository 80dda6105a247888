import { readFile, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { nonEmpty } from '../config/non-empty.js';

/** The user's folder of plug-ins: a package of npm whose `oclif.plugins` names them. It is the one that oclif looks for. */
export function pluginFolder(environment: NodeJS.ProcessEnv): string {
  const own = nonEmpty(environment['SLAPOS_DATA_DIR']);
  if (own !== undefined) return own;
  return path.join(nonEmpty(environment['XDG_DATA_HOME']) ?? path.join(os.homedir(), '.local/share'), 'slapos');
}

/** Whether there is anything to load in that folder; what others may write to is never run. */
export async function hasPlugins(folder: string): Promise<boolean> {
  const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => undefined);
  if (text?.includes('"plugins"') !== true) return false;
  const { uid } = await stat(folder);
  return uid === 0 || uid === process.geteuid?.();
}
