import type { Host, Logger } from '@slapos/host';
import { runPromises } from '@slapos/promise';

import type { Master } from '../master/master.js';
import type { PromiseOutcome, PromiseRunner, PromiseRunRequest } from './promise-runner.js';

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
