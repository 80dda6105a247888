import { z } from 'zod';

import { defineManager } from '../contract/manager.js';
import { StateFile } from '../contract/state-file.js';
import type { ManagedPartition } from '../contract/subjects.js';

const SUFFIX = 'prerm';
const SCRIPTS = ['etc', 'prerm'] as const;
/** Read by the report pass, which waits for the processes that it names. */
const WAIT_LIST = '.slapos-report-wait-service-list';
const WAIT_LIST_MODE = 0o644;
const PROGRAM_NAME = /^[A-Za-z0-9][A-Za-z0-9._+@-]{0,99}$/;
const DEFAULT_MAXIMUM_HOURS = 24;
const MILLISECONDS_PER_HOUR = 3_600_000;

const optionsSchema = z.strictObject({
  /** After so many hours an instance is removed although its scripts have not ended. */
  'maximum-hours': z.coerce.number().positive().default(DEFAULT_MAXIMUM_HOURS),
});
/** When the scripts of a partition were started first, in milliseconds since the epoch. */
const stateSchema = z.record(z.string(), z.number());

/** Runs the scripts of `etc/prerm` before a destroyed instance is removed. (spec: managers §3, security S26) */
export const prermManager = defineManager<z.output<typeof optionsSchema>>({
  name: 'prerm',
  options: optionsSchema,
  create: (options, { host, stateDirectory }) => {
    const state = new StateFile(stateDirectory, 'begun.json', stateSchema, {});
    return {
      async report(partition) {
        const { folder, partitionId, logger, services } = partition;
        if (!(await partition.mayBeRemoved())) return;
        const scripts = await scriptsOf(partition);
        if (scripts.length === 0) return;
        await services.setGroup(
          SUFFIX,
          scripts.map((name) => ({ id: name, command: `${partition.directory}/${SCRIPTS.join('/')}/${name}` })),
        );
        for (const name of scripts) {
          try {
            if (await services.startOnce(SUFFIX, name)) logger.info('Started a pre-removal script', { script: name });
          } catch (error) {
            throw new Error(`the pre-removal script ${name} cannot be started, so the instance is kept`, {
              cause: error,
            });
          }
        }
        let begunMs = host.clock.now();
        await state.update((begun) => {
          begunMs = begun[partitionId] ?? begunMs;
          return { ...begun, [partitionId]: begunMs };
        });
        const isOverdue = host.clock.now() - begunMs > options['maximum-hours'] * MILLISECONDS_PER_HOUR;
        if (isOverdue) logger.warn('Pre-removal scripts have not ended in time: they are not waited for any longer');
        const waitedFor = isOverdue ? [] : scripts.map((name) => `${partitionId}-${SUFFIX}:${name}\n`);
        await folder.writeAtomic(WAIT_LIST, waitedFor.join(''), { mode: WAIT_LIST_MODE });
      },
      /** Another instance lives here now. */
      async instance({ partitionId, requestedState }) {
        if (requestedState === 'destroyed') return;
        await state.update(({ [partitionId]: _begun, ...others }) => others);
      },
    };
  },
});

async function scriptsOf({ folder, logger }: ManagedPartition): Promise<string[]> {
  const [etcName, scriptsName] = SCRIPTS;
  if ((await folder.stat(etcName))?.type !== 'directory') return [];
  await using etc = await folder.openSubdirectory(etcName);
  if ((await etc.stat(scriptsName))?.type !== 'directory') return [];
  await using scripts = await etc.openSubdirectory(scriptsName);
  const names: string[] = [];
  for (const name of await scripts.list()) {
    const type = (await scripts.stat(name))?.type;
    if (type !== 'file' && type !== 'link') continue;
    if (PROGRAM_NAME.test(name)) names.push(name);
    else logger.warn('Left out a pre-removal script: its name has characters that it cannot have', { script: name });
  }
  return names;
}
