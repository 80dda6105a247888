import fs from 'node:fs';

import { measureFolder } from '../snapshot/folder-size.js';
import { addRows } from '../store/write-rows.js';
import { instantOf } from '../time.js';
import type { RunContext } from './run-context.js';

/** Sizes up to here are not kept, in KiB. (spec: collect §3.5) */
const SMALLEST_KEPT_KIB = 1024;
const MILLISECONDS = 1000;

/**
 * Measures the folders whose time has come. One that cannot be measured ends nothing else.
 * @param measuredAt when the folder of each user was measured before, in seconds since 1970
 * @returns the same, brought up to date
 */
export async function measureFolders(
  measuredAt: Readonly<Record<string, number>>,
  context: RunContext,
): Promise<Record<string, number>> {
  const { options, host, logger, stamp, now, database, attempt, signal } = context;
  const names = new Set(options.users.map(({ userName }) => userName));
  const latest = Object.fromEntries(Object.entries(measuredAt).filter(([userName]) => names.has(userName)));
  if (!options.measuresFolders) return latest;
  for (const { userName, folder } of options.users) {
    const before = Math.max(latest[userName] ?? 0, await storedAt(userName, context));
    const age = now / MILLISECONDS - before;
    // A measure of the future is one of a clock that was wrong.
    if (age >= 0 && age < options.folderCycleSeconds) {
      logger.debug('The folder was measured not long ago', { userName });
      continue;
    }
    await attempt(`The folder of ${userName} could not be measured`, async () => {
      // A machine may have fewer partitions than it may have.
      if (!fs.existsSync(folder)) return;
      const request = { ...options, userName, folder };
      const size = await measureFolder(request, { host, logger, ...(signal === undefined ? {} : { signal }) });
      if (size === undefined) return;
      if (size > SMALLEST_KEPT_KIB) {
        await addRows(database.tables, { folder: [{ partition: userName, disk_used: size, ...stamp }] });
      }
      latest[userName] = now / MILLISECONDS;
    });
  }
  return latest;
}

/** When the newest size of a user's folder was kept, in seconds since 1970; 0: never. */
async function storedAt(userName: string, { database }: RunContext): Promise<number> {
  const row = await database.tables
    .selectFrom('folder')
    .select(['date', 'time'])
    .where('partition', '=', userName)
    .orderBy('date', 'desc')
    .orderBy('time', 'desc')
    .limit(1)
    .executeTakeFirst();
  const instant = row === undefined ? Number.NaN : instantOf(row);
  return Number.isNaN(instant) ? 0 : instant / MILLISECONDS;
}
