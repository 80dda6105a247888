import { UntrustedDirectory } from '@slapos/host';
import { supervisorPaths } from './paths.js';
import { type Program, type ProgramGroup, programLogName, renderGroupFile } from './program-group.js';

const CONFIGURATION_MODE = 0o600;
const LOG_FOLDER_MODE = 0o750;
const SUFFIX = '.conf';

/**
 * Writes the configuration files of a partition's groups, and removes its others. Only what differs is touched; nothing is started or
 * stopped before the next update. Idempotent. (spec: supervisor §3)
 * @param groups of this partition: named `PARTITION` or `PARTITION-SUFFIX`
 * @returns whether an update is needed
 * @throws SupervisorError `SUPERVISOR_INVALID_PROGRAM`, and then nothing was written
 */
export async function writePartitionGroups(
  instanceRoot: string,
  partitionId: string,
  groups: readonly ProgramGroup[],
): Promise<{ changed: boolean }> {
  const logs = logFolder(instanceRoot, partitionId, groups);
  const contents = new Map(
    groups.map((group) => [`${group.name}${SUFFIX}`, renderGroupFile(group, (program) => logs.pathOf(group, program))]),
  );
  await logs.prepare();
  await using folder = await UntrustedDirectory.open(supervisorPaths(instanceRoot).includeDirectory);
  let changed = false;
  for (const [name, content] of contents) {
    changed = (await folder.writeAtomicIfDifferent(name, content, { mode: CONFIGURATION_MODE })) || changed;
  }
  for (const name of await folder.list()) {
    if (!isOf(partitionId, name) || contents.has(name)) continue;
    changed = (await folder.remove(name)) || changed;
  }
  return { changed };
}

/**
 * Writes the configuration file of one group of a partition, and touches no other. (spec: managers §2)
 * @returns whether an update is needed
 * @throws SupervisorError `SUPERVISOR_INVALID_PROGRAM`, and then nothing was written
 */
export async function writePartitionGroup(
  instanceRoot: string,
  partitionId: string,
  group: ProgramGroup,
): Promise<boolean> {
  const logs = logFolder(instanceRoot, partitionId, [group]);
  const content = renderGroupFile(group, (program) => logs.pathOf(group, program));
  await logs.prepare();
  await using folder = await UntrustedDirectory.open(supervisorPaths(instanceRoot).includeDirectory);
  return await folder.writeAtomicIfDifferent(`${group.name}${SUFFIX}`, content, { mode: CONFIGURATION_MODE });
}

/**
 * Takes one group out of the configuration; it is stopped by the next update.
 * @returns whether it was there
 */
export async function removePartitionGroup(instanceRoot: string, groupName: string): Promise<boolean> {
  await using folder = await UntrustedDirectory.open(supervisorPaths(instanceRoot).includeDirectory);
  return await folder.remove(`${groupName}${SUFFIX}`);
}

/** Takes all groups of a partition out of the configuration, managers' included (spec: grid §8.6). */
export async function removePartitionGroups(instanceRoot: string, partitionId: string): Promise<boolean> {
  return (await writePartitionGroups(instanceRoot, partitionId, [])).changed;
}

/** `part1` must not own the files of `part1a`. */
function isOf(partitionId: string, fileName: string): boolean {
  return (
    fileName === `${partitionId}${SUFFIX}` || (fileName.startsWith(`${partitionId}-`) && fileName.endsWith(SUFFIX))
  );
}

interface LogFolder {
  pathOf(group: ProgramGroup, program: Program): string;
  prepare(): Promise<void>;
}

/**
 * Where the services of a partition log. A supervisor that runs as root opens, renames and truncates logs by name: in a folder of the
 * partition's user each of these names can be a link to any file of the machine (spec: security S2). So root keeps them in a folder of
 * its own that the partition's group may read, and the usual name in the partition is a link to it.
 */
function logFolder(instanceRoot: string, partitionId: string, groups: readonly ProgramGroup[]): LogFolder {
  if (process.geteuid?.() !== 0) {
    return {
      pathOf: (group, program) => `${program.directory}/.${programLogName(group.name, program.id)}`,
      prepare: async () => {},
    };
  }
  const parent = supervisorPaths(instanceRoot).serviceLogs;
  const pathOf = (group: ProgramGroup, program: Program): string =>
    `${parent}/${partitionId}/${programLogName(group.name, program.id)}`;
  return {
    pathOf,
    async prepare() {
      const [first] = groups.flatMap(({ programs }) => programs);
      if (first === undefined) return;
      await using all = await UntrustedDirectory.open(parent);
      await using own = await all.openSubdirectory(partitionId, { create: true, mode: LOG_FOLDER_MODE });
      await own.setOwnAttributes({ uid: 0, gid: first.gid, mode: LOG_FOLDER_MODE });
      for (const group of groups) {
        for (const program of group.programs)
          await linkLog(program, `.${programLogName(group.name, program.id)}`, pathOf(group, program));
      }
    },
  };
}

async function linkLog(program: Program, name: string, target: string): Promise<void> {
  await using directory = await UntrustedDirectory.open(program.directory);
  const stats = await directory.stat(name);
  if (stats?.type === 'link' && (await directory.readLink(name)) === target) return;
  // A log of before, when it was written in the partition itself, stays readable beside the new one.
  if (stats?.type === 'file') await directory.rename(name, `${name}.1`);
  else if (stats !== undefined) await directory.removeTree(name);
  await directory.symlink(name, target, { uid: program.uid, gid: program.gid });
}
