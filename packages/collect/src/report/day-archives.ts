import path from 'node:path';

import type { CommandResult, CommandRunner, Logger, UntrustedDirectory } from '@slapos/host';

import { CollectError } from '../errors.js';

const TIMEOUT_MS = 600_000;
const FILE_MODE = 0o644;
const DAY_FOLDER = /^[^.-][^-]*-[^-]+-[^-]+$/;
/** A folder that is in its archive, and is being removed. */
const PACKED_SUFFIX = '.packed';
const PACKED_FOLDER = /^\.[^-]+-[^-]+-[^-]+\.packed$/;
const MAX_ARCHIVES_OF_A_DAY = 1000;

interface PackingContext {
  readonly commands: CommandRunner;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

/**
 * Packs each day's folder as `DATE.tar.gz` and removes it. An archive is never overwritten: rows that appear later go to
 * `DATE.1.tar.gz`. A folder that an archive has already, because a run was killed in between, is only removed. (spec: collect §5.2)
 * @param dataLog the folder `var/data-log`, which only root may change
 * @param unfinished days whose dump could not be completed: their folders wait
 * @returns names of the archives that were made
 */
export async function packDayFolders(
  dataLog: UntrustedDirectory,
  unfinished: ReadonlySet<string>,
  { commands, logger, signal }: PackingContext,
): Promise<string[]> {
  const made: string[] = [];
  for (const name of await dataLog.list()) {
    if (PACKED_FOLDER.test(name)) await dataLog.removeTree(name);
    if (!DAY_FOLDER.test(name) || unfinished.has(name) || (await dataLog.stat(name))?.type !== 'directory') continue;
    const tar = (...args: readonly string[]): Promise<CommandResult> =>
      commands.run({ file: 'tar', args, timeoutMs: TIMEOUT_MS }, signal === undefined ? {} : { signal });
    const archive = await freeName(dataLog, name, async (existing) => {
      const compared = await tar(
        '--compare',
        '--force-local',
        '--file',
        path.join(dataLog.path, existing),
        '--directory',
        dataLog.path,
      );
      return compared.exitCode === 0;
    });
    if (archive !== undefined) {
      const temporary = `.${archive}.tmp`;
      await dataLog.remove(temporary);
      const packed = await tar(
        '--create',
        '--gzip',
        // A colon in a path names no other machine.
        '--force-local',
        '--owner=root:0',
        '--group=root:0',
        '--sort=name',
        '--file',
        path.join(dataLog.path, temporary),
        '--directory',
        dataLog.path,
        '--',
        name,
      );
      if (packed.exitCode !== 0) {
        await dataLog.remove(temporary);
        throw new CollectError(
          'COLLECT_ARCHIVE_FAILED',
          `Cannot pack ${JSON.stringify(path.join(dataLog.path, name))}: tar says: ${packed.output.trim()}`,
          { retryable: true, hint: 'The folder stays; the next run packs it.' },
        );
      }
      await dataLog.setAttributes(temporary, { mode: FILE_MODE });
      // What is removed next must be on the disk in its archive.
      await commands.run({
        file: 'sync',
        args: ['--', path.join(dataLog.path, temporary), dataLog.path],
        timeoutMs: TIMEOUT_MS,
      });
      await dataLog.rename(temporary, archive);
      made.push(archive);
      logger.info('Packed a day', { archive });
    }
    await removePacked(dataLog, name);
  }
  return made;
}

/** Removes a folder so that a run that is killed meanwhile leaves no part of it behind that would be packed once more. */
async function removePacked(dataLog: UntrustedDirectory, name: string): Promise<void> {
  const removed = `.${name}${PACKED_SUFFIX}`;
  await dataLog.removeTree(removed);
  await dataLog.rename(name, removed);
  await dataLog.removeTree(removed);
}

/** The name for a day's next archive; `undefined` when one of those that are there holds the same. */
async function freeName(
  dataLog: UntrustedDirectory,
  day: string,
  holdsTheSame: (archive: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (let index = 0; index < MAX_ARCHIVES_OF_A_DAY; index += 1) {
    const archive = index === 0 ? `${day}.tar.gz` : `${day}.${String(index)}.tar.gz`;
    if (!(await dataLog.exists(archive))) return archive;
    if (await holdsTheSame(archive)) return undefined;
  }
  throw new CollectError(
    'COLLECT_ARCHIVE_FAILED',
    `There are ${String(MAX_ARCHIVES_OF_A_DAY)} archives of ${day} already`,
    {
      hint: 'Move some of them away.',
    },
  );
}
