import { randomBytes } from 'node:crypto';

import type { PartitionInformation } from '@slapos/slap';

import { type InstanceContext, inspectPartition, type PartitionWork } from '../partition/work.js';

const RANDOM_BYTES = 16;
/** A script that needs longer hangs. */
const SCRIPT_TIMEOUT_MS = 600_000;

/**
 * Runs the report scripts of a partition as its user, each with a path of its own below `var/xml_report` to write to. (spec: grid 11, step 2)
 * @returns the names of those that failed; the master has been told
 */
export async function runReportScripts(
  requested: PartitionInformation,
  context: InstanceContext,
): Promise<readonly string[]> {
  return inspectPartition(requested, context, async (work) => {
    const failed: string[] = [];
    for (const name of await scriptNames(work)) {
      context.signal?.throwIfAborted();
      if (await runScript(work, name, context)) continue;
      failed.push(name);
      work.logger.warn(`Script '${name}' failed.`);
      await context.ports.master.reportPartitionError(
        work.partitionId,
        failed.map((script) => `Script '${script}' failed.`).join('\n'),
      );
    }
    return failed;
  });
}

async function scriptNames({ folder }: PartitionWork): Promise<string[]> {
  if ((await folder.stat('etc'))?.type !== 'directory') return [];
  await using etc = await folder.openSubdirectory('etc');
  if ((await etc.stat('report'))?.type !== 'directory') return [];
  await using reports = await etc.openSubdirectory('report');
  const names: string[] = [];
  for (const name of await reports.list()) {
    const type = (await reports.stat(name))?.type;
    if (type === 'file' || type === 'link') names.push(name);
  }
  return names;
}

async function runScript(work: PartitionWork, name: string, { ports, signal }: InstanceContext): Promise<boolean> {
  const { directory, user, logger } = work;
  // Nobody can put something of that name there before the script does. (spec: security S12)
  const output = `${directory}/var/xml_report/slapreport.${randomBytes(RANDOM_BYTES).toString('hex')}`;
  logger.debug('Running a report script', { script: name, output });
  const { exitCode, timedOut } = await ports.host.commands.run(
    {
      file: `${directory}/etc/report/${name}`,
      args: [output],
      cwd: `${directory}/etc/report`,
      env: { HOME: user?.home ?? directory },
      ...(user === undefined ? {} : { user }),
      timeoutMs: SCRIPT_TIMEOUT_MS,
      onLine: (line) => logger.info(line, { script: name }),
      killLeftovers: true,
      dieWithUs: true,
    },
    signal === undefined ? {} : { signal },
  );
  if (timedOut) logger.warn('The report script was killed: it took too long', { script: name });
  return exitCode === 0;
}
