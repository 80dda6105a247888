import type { Host, Logger } from '@slapos/host';
import { type EvaluationRule, runPromises, type RunPromisesOptions } from '@slapos/promise';

import type { Master } from '../master/master.js';
import type { PromiseOutcome, PromiseRules, PromiseRunner, PromiseRunRequest } from './promise-runner.js';

/** (spec: promise 3) */
const DEFAULT_FAILURES_IN_A_ROW = 3;

/** Runs promises on this machine; those that bang do so through the master. (spec: grid 9) */
export function createPromiseRunner(ports: {
  readonly host: Host;
  readonly master: Pick<Master, 'bangPartition'>;
  readonly logger: Logger;
}): PromiseRunner {
  return {
    run(request: PromiseRunRequest, signal?: AbortSignal): Promise<PromiseOutcome> {
      const { partitionId, user } = request;
      return runPromises(
        {
          partitionPath: request.partitionPath,
          partitionId,
          computerId: request.computerId,
          masterUrl: request.masterUrl,
          timeoutSeconds: request.timeoutSeconds,
          force: request.force,
          checkAnomaly: request.checkAnomaly,
          ...(user === undefined ? {} : { user }),
          ...(request.pythonInterpreter === undefined ? {} : { pythonInterpreter: request.pythonInterpreter }),
          ...(request.certificateFile === undefined ? {} : { certFile: request.certificateFile }),
          ...(request.keyFile === undefined ? {} : { keyFile: request.keyFile }),
          ...(request.rules === undefined ? {} : ruleOptions(request.rules)),
          ...(request.onStart === undefined ? {} : { onStart: request.onStart }),
          ...(request.onResult === undefined ? {} : { onResult: request.onResult }),
          ...(signal === undefined ? {} : { signal }),
        },
        {
          host: ports.host,
          logger: ports.logger,
          bang: (message) => ports.master.bangPartition(partitionId, message),
        },
      );
    },
  };
}

/** What is judged after a single run, the test of a deployment, stays as it is: it has no past. */
function ruleOptions({ jobs, history, failuresInARow, flapping }: PromiseRules): Partial<RunPromisesOptions> {
  const anomaly: EvaluationRule = {
    failureAmount: failuresInARow ?? DEFAULT_FAILURES_IN_A_ROW,
    consecutive: true,
    ...(flapping === undefined ? {} : { flapping }),
  };
  return {
    ...(jobs === undefined ? {} : { parallel: jobs }),
    ...(history === undefined ? {} : { history }),
    ...(failuresInARow === undefined && flapping === undefined ? {} : { executableRules: { anomaly } }),
  };
}
