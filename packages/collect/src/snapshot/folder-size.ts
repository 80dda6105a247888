import fs from 'node:fs';
import path from 'node:path';

import { type Host, isProcessAlive, type Logger, UntrustedDirectory } from '@slapos/host';

import { reasonOf } from '../errors.js';

/** A folder of many small files takes long to walk; a day's work of the disk is a fault. */
const TIMEOUT_MS = 6 * 3_600_000;
const QUOTA_TIMEOUT_MS = 30_000;
const PID_FILE_MODE = 0o644;

interface FolderSizeRequest {
  readonly userName: string;
  readonly folder: string;
  readonly instanceRoot: string;
  readonly pidFolder: string;
  readonly usesQuota: boolean;
}

interface FolderSizeContext {
  readonly host: Pick<Host, 'commands' | 'users'>;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

/**
 * Measures a partition's folder and its extra disks (links in `DATA` to folders of its user), in KiB. (spec: collect §3.5)
 * @returns `undefined` when another program is measuring it, or it could not be measured at all
 */
export async function measureFolder(
  request: FolderSizeRequest,
  context: FolderSizeContext,
): Promise<number | undefined> {
  const { userName, pidFolder } = request;
  const name = `${userName}_disk_size.pid`;
  await using pids = await UntrustedDirectory.open(pidFolder);
  const other = Number((await pids.readText(name)) ?? '');
  if (Number.isInteger(other) && other > 0 && other !== process.pid && isProcessAlive(other)) {
    context.logger.warn('The folder is being measured already', { userName, pid: other });
    return undefined;
  }
  await pids.writeAtomic(name, String(process.pid), { mode: PID_FILE_MODE, durable: false });
  try {
    const quota = request.usesQuota ? await quotaKib(request, context) : undefined;
    if (quota !== undefined) return quota;
    const sizes: (number | undefined)[] = [];
    for (const target of [request.folder, ...(await extraDisks(request, context))]) {
      sizes.push(await treeKib(target, context));
    }
    const known = sizes.filter((size) => size !== undefined);
    return known.length === 0 ? undefined : known.reduce((sum, size) => sum + size, 0);
  } finally {
    await pids.remove(name);
  }
}

/** What `du` says; its number counts also when a file vanished meanwhile. */
async function treeKib(target: string, { host, logger, signal }: FolderSizeContext): Promise<number | undefined> {
  const result = await host.commands.run(
    {
      file: 'du',
      args: ['--summarize', '--block-size=1024', '--', target],
      timeoutMs: TIMEOUT_MS,
      separateStderr: true,
      dieWithUs: true,
    },
    signal === undefined ? {} : { signal },
  );
  const size = /^(\d+)\t/.exec(result.output)?.[1];
  if (size !== undefined) return Number(size);
  logger.warn('A folder could not be measured', { folder: target, reason: result.stderr.trim() });
  return undefined;
}

/** Folders on other disks that links in `DATA` point to: those that belong to the partition's user, outside all partitions. */
async function extraDisks(
  { folder, instanceRoot, userName }: FolderSizeRequest,
  { host, logger }: FolderSizeContext,
): Promise<string[]> {
  const user = await host.users.byName(userName);
  const found = new Set<string>();
  try {
    await using partition = await UntrustedDirectory.open(folder);
    if ((await partition.stat('DATA'))?.type !== 'directory') return [];
    await using data = await partition.openSubdirectory('DATA');
    const root = fs.realpathSync(instanceRoot);
    for (const name of await data.list()) {
      if ((await data.stat(name))?.type !== 'link') continue;
      const target = realFolder(path.join(folder, 'DATA', name));
      if (target === undefined || isInside(target, root)) continue;
      // A user could point to the whole machine, and have it walked day by day.
      if (fs.statSync(target).uid === user?.uid) found.add(target);
      else logger.warn('A link to what is not the user’s own disk is not measured', { userName, link: name });
    }
  } catch (error) {
    logger.warn('Extra disks of a partition could not be looked at', { folder, reason: reasonOf(error) });
  }
  return [...found].filter((target) => ![...found].some((other) => other !== target && isInside(target, other)));
}

function realFolder(link: string): string | undefined {
  try {
    const target = fs.realpathSync(link);
    return fs.statSync(target).isDirectory() ? target : undefined;
  } catch {
    // It points nowhere.
    return undefined;
  }
}

function isInside(target: string, folder: string): boolean {
  const relative = path.relative(folder, target);
  return relative === '' || (!relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative));
}

/** What the file system of the folder has counted for the user; `undefined` without quota there. */
async function quotaKib(
  { userName, folder }: FolderSizeRequest,
  { host, logger, signal }: FolderSizeContext,
): Promise<number | undefined> {
  const options = signal === undefined ? {} : { signal };
  try {
    const mount = await host.commands.run(
      { file: 'df', args: ['--output=source', '--', folder], timeoutMs: QUOTA_TIMEOUT_MS, separateStderr: true },
      options,
    );
    const device = mount.output.trim().split('\n').at(-1)?.trim();
    const result = await host.commands.run(
      {
        file: 'quota',
        args: ['--user', '--verbose', '--no-wrap', '--raw-grace', '--', userName],
        timeoutMs: QUOTA_TIMEOUT_MS,
        separateStderr: true,
      },
      options,
    );
    const fields = result.output
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find(([source]) => source === device);
    const blocks = /^(\d+)\*?$/.exec(fields?.[1] ?? '')?.[1];
    if (blocks !== undefined) return Number(blocks);
    logger.info('There is no quota on the file system: the folder is walked', { userName, folder });
  } catch (error) {
    signal?.throwIfAborted();
    logger.info('The quota cannot be asked: the folder is walked', { userName, reason: reasonOf(error) });
  }
  return undefined;
}
