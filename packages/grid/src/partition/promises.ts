import { isSlapOSError, type UntrustedDirectory } from '@slapos/host';

import { parseReleasePython } from '../buildout/interpreter.js';
import { DEFAULT_PROMISE_TIMEOUT_SECONDS } from '../pass/options.js';
import type { PromiseOutcome } from '../promises/promise-runner.js';
import { openRoot } from '../software/observe.js';
import { softwareReleaseHash } from '../software/release-path.js';
import { certificatePaths } from './certificate.js';
import type { InstanceContext, PartitionWork } from './work.js';

const MILLISECONDS_PER_SECOND = 1000;
const MAX_SCRIPT_BYTES = 1024 * 1024;

/** The Python of the partition's Software Release; `undefined` when it has none that can be read. (spec: grid 15.5) */
async function releasePython(
  softwareRoot: string,
  softwareReleaseUrl: string | undefined,
): Promise<string | undefined> {
  if (softwareReleaseUrl === undefined) return undefined;
  const name = softwareReleaseHash(softwareReleaseUrl);
  try {
    await using root = await openRoot(softwareRoot, 'software_root');
    if ((await root.stat(name))?.type !== 'directory') return undefined;
    await using release = await root.openSubdirectory(name);
    if ((await release.stat('bin'))?.type !== 'directory') return undefined;
    await using bin = await release.openSubdirectory('bin');
    const script = await bin.readText('buildout', { maxBytes: MAX_SCRIPT_BYTES });
    return script === undefined ? undefined : parseReleasePython(script);
  } catch (error) {
    if (isSlapOSError(error)) return undefined; // no plain file: then it is no interpreter that we run
    throw error;
  }
}

/** The text of a promise failure. (spec: grid 9.1) */
export function promiseFailureText(failure: { readonly name: string; readonly message: string }): string {
  return `Promise '${failure.name}' failed with output: ${failure.message}`;
}

const PROMISE_FOLDERS = ['promise', 'plugin'] as const;

/** Whether there is anything to run: most of a pass over unchanged partitions is this question. */
export async function hasPromises(folder: UntrustedDirectory): Promise<boolean> {
  if ((await folder.stat('etc'))?.type !== 'directory') return false;
  await using etc = await folder.openSubdirectory('etc');
  for (const name of PROMISE_FOLDERS) {
    if ((await etc.stat(name))?.type !== 'directory') continue;
    await using promises = await etc.openSubdirectory(name);
    if ((await promises.list()).length > 0) return true;
  }
  return false;
}

/** Runs the promises of a partition. (spec: grid 9) */
export async function runPartitionPromises(
  work: PartitionWork,
  context: InstanceContext,
  mode: 'test' | 'anomaly',
): Promise<PromiseOutcome> {
  const { options, ports, emit } = context;
  const { partitionId } = work;
  const python = await releasePython(options.softwareRoot, work.requested.softwareReleaseUrl);
  const { certificateFile, keyFile } = certificatePaths(options.certificateRepositoryPath, partitionId);
  return ports.promises.run(
    {
      partitionPath: work.directory,
      partitionId,
      computerId: options.computerId,
      masterUrl: options.masterUrl,
      user: work.user,
      timeoutSeconds: options.promiseTimeoutSeconds ?? DEFAULT_PROMISE_TIMEOUT_SECONDS,
      force: mode === 'test',
      checkAnomaly: mode === 'anomaly',
      onStart: (count) => {
        emit('partition.step', { partition: partitionId, step: 'promises', count });
      },
      onResult: ({ name, failed, message, executionSeconds }) => {
        const durationMs = executionSeconds * MILLISECONDS_PER_SECOND;
        emit('promise.finished', { partition: partitionId, promise: name, ok: !failed, message, durationMs });
      },
      ...(options.promiseRules === undefined ? {} : { rules: options.promiseRules }),
      ...(python === undefined ? {} : { pythonInterpreter: python }),
      ...(certificateFile === '' ? {} : { certificateFile, keyFile }),
    },
    context.signal,
  );
}
