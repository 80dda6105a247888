import { type Logger, UntrustedDirectory } from '@slapos/host';

import { LineLog } from '../pass/line-log.js';
import { ensureSubdirectory } from '../pass/subdirectory.js';

/** Folder of the build logs, below `<instance_root>/var/log`, which only the node's own user can enter: builds print secrets. */
const FOLDER = 'software-build';
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const KEPT = 1;

/** Where the whole output of the last build of a release is; that of the build before has `.1` added. */
export function buildLogPath(instanceRoot: string, directoryName: string): string {
  return `${instanceRoot}/var/log/${FOLDER}/${directoryName}.log`;
}

/** Begins a new log for the build of one release, and calls `work` with it. */
export async function withBuildLog<Result>(
  instanceRoot: string,
  directoryName: string,
  logger: Logger,
  work: (log: LineLog) => Promise<Result>,
): Promise<Result> {
  await using logs = await UntrustedDirectory.open(`${instanceRoot}/var/log`);
  await using folder = await ensureSubdirectory(logs, FOLDER, { mode: FOLDER_MODE });
  const name = `${directoryName}.log`;
  await folder.rotate(name, KEPT);
  await using log = new LineLog(folder, name, { mode: FILE_MODE }, logger);
  return await work(log);
}
