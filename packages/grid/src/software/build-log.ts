import { type Logger, UntrustedDirectory } from '@slapos/host';

import { LineLog } from '../pass/line-log.js';
import { ensureSubdirectory } from '../pass/subdirectory.js';

/** Folder of the build logs, below `<instance_root>/var/log`, which only the node's own user can enter: builds print secrets. */
const FOLDER = 'software-build';
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const KEPT = 1;
/** Beside the log: of how many parts the last build that succeeded consisted, for those who wait for the next one. */
const PARTS_SUFFIX = '.parts';
const MAX_NUMBER_BYTES = 16;

/** Where the whole output of the last build of a release is; that of the build before has `.1` added. */
export function buildLogPath(instanceRoot: string, directoryName: string): string {
  return `${instanceRoot}/var/log/${FOLDER}/${directoryName}.log`;
}

/** Begins a new log for the build of one release, and calls `work` with it; `work` says of how many parts the build consisted. */
export async function withBuildLog(
  instanceRoot: string,
  directoryName: string,
  logger: Logger,
  work: (log: LineLog, partsBefore: number | undefined) => Promise<number>,
): Promise<void> {
  await using logs = await UntrustedDirectory.open(`${instanceRoot}/var/log`);
  await using folder = await ensureSubdirectory(logs, FOLDER, { mode: FOLDER_MODE });
  const name = `${directoryName}.log`;
  await folder.rotate(name, KEPT);
  await using log = new LineLog(folder, name, { mode: FILE_MODE }, logger);
  const parts = await work(log, await readParts(folder, `${directoryName}${PARTS_SUFFIX}`));
  await folder
    .writeAtomic(`${directoryName}${PARTS_SUFFIX}`, `${String(parts)}\n`, { mode: FILE_MODE })
    .catch((error: unknown) => {
      // The release is built: an estimate is worth no failure.
      logger.debug('Cannot note how many parts the release has', { error });
    });
}

async function readParts(folder: UntrustedDirectory, name: string): Promise<number | undefined> {
  const text = await folder.readText(name, { maxBytes: MAX_NUMBER_BYTES }).catch(() => undefined);
  const parts = Number(text ?? '');
  return Number.isInteger(parts) && parts > 0 ? parts : undefined;
}
