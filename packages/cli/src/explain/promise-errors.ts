import type { PromiseErrorCode } from '@slapos/promise';
import type { ExplanationsOf } from './explanation.js';

export const promiseErrors: ExplanationsOf<PromiseErrorCode> = {
  PROMISE_FAILED: {
    meaning:
      'A health check of an instance says that something is wrong. The instance is deployed; the exit code is 2.',
    remedy: "The message is the check's own. Repair what it names; the next pass checks again.",
    run: ['slapos node promise --only-cp PARTITION', 'slapos node status'],
  },
  PROMISE_INVALID_OPTION: {
    meaning: 'An option of the promise runner cannot be: a folder that does not exist, a time-out that is no number.',
    remedy: 'The message names the option and what was expected.',
  },
  PROMISE_REFUSED_ROOT: {
    meaning: 'Promises are programs of an instance, and were to be run as root.',
    remedy: "Check the owner of the partition's folder: it must be the partition's user.",
    run: ['slapos node format --now'],
  },
};
