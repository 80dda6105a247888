import { UntrustedDirectory } from '@slapos/host';

import { discoverPromises } from '../discovery/discover.js';
import { PromiseError } from '../errors.js';
import { PromiseStateFolders } from '../results/state-folders.js';
import {
  DEFAULT_PROMISE_TIMEOUT_SECONDS,
  type PromiseReport,
  type RunPromisesOptions,
  type RunPromisesPorts,
} from './options.js';
import { PromisePass } from './promise-pass.js';

/**
 * Runs the promises of a partition and keeps what they said in the partition. That a promise fails is part of the report.
 * (spec: promise 3)
 * @throws PromiseError `PROMISE_REFUSED_ROOT` (we are root and no user is given), `PROMISE_INVALID_OPTION`; HostError for what
 * keeps them from being run at all.
 */
export async function runPromises(options: RunPromisesOptions, ports: RunPromisesPorts): Promise<PromiseReport> {
  check(options, ports);
  const expectedUid = options.user?.uid;
  await using partition = await UntrustedDirectory.open(
    options.partitionPath,
    expectedUid === undefined ? {} : { expectedUid },
  );
  const all = await discoverPromises(partition, options.user, ports.logger);
  await using state = await PromiseStateFolders.open(partition, {
    user: options.user,
    logger: ports.logger,
    history: options.history === true ? options : undefined,
    now: ports.host.clock.now(),
  });
  const only = options.onlyPromises ?? [];
  const checks = only.length === 0 ? all : all.filter((each) => each.kind !== 'executable' && only.includes(each.name));
  const pass = new PromisePass(options, ports, state);
  await pass.run(checks);
  await state.history?.finish(all.map((each) => each.name));
  if (only.length === 0) await state.removeObsolete(new Set(all.map((each) => each.title)));
  const report = pass.report();
  if (report.skipped > 0)
    ports.logger.info('Some promises were not run', { partition: options.partitionId, count: report.skipped });
  return report;
}

function check(options: RunPromisesOptions, ports: RunPromisesPorts): void {
  const { timeoutSeconds = DEFAULT_PROMISE_TIMEOUT_SECONDS, parallel = 1 } = options;
  if (!(timeoutSeconds > 0)) {
    throw new PromiseError('PROMISE_INVALID_OPTION', `A promise cannot have ${String(timeoutSeconds)} seconds`, {
      hint: 'promise_timeout is a number of seconds greater than 0.',
    });
  }
  if (!Number.isInteger(parallel) || parallel < 1) {
    throw new PromiseError('PROMISE_INVALID_OPTION', `Cannot run ${String(parallel)} promises at a time`, {
      hint: 'It is a whole number, 1 or more.',
    });
  }
  if (ports.host.isRoot && options.user === undefined) {
    throw new PromiseError(
      'PROMISE_REFUSED_ROOT',
      `Will not run the promises of ${JSON.stringify(options.partitionPath)} as root`,
      {
        hint: 'The partition must belong to its own user: run slapos node format.',
      },
    );
  }
}
