import type { ManagerErrorCode } from '@slapos/manager';
import type { ExplanationsOf } from './explanation.js';

export const managerErrors: ExplanationsOf<ManagerErrorCode> = {
  MANAGER_FAILED: {
    meaning: 'A manager could not do its work for a Software Release or a partition, which counts as failed.',
    remedy: 'The message names the manager, the hook and why. The others went on; the next pass calls it again.',
  },
  MANAGER_INVALID: {
    meaning: 'A manager cannot be loaded, or its module does not export what a manager is.',
    remedy: 'Its author must export defineManager({ name, create }) of @slapos/manager as the default.',
  },
  MANAGER_INVALID_OPTIONS: {
    meaning: 'A [manager:NAME] section has a key that this manager does not know, or a value that it does not take.',
    remedy: 'The message names section, key and what was expected.',
  },
  MANAGER_NOT_FOUND: {
    meaning:
      'manager_list names something that is neither built in, nor an installed package, nor the path of a module.',
    remedy: 'Check the spelling, or install it: npm install --prefix DIR NAME, with manager_package_directory = DIR.',
  },
  MANAGER_REFUSED: {
    meaning: 'The module of a manager could be changed by somebody else than root, who would be root with it.',
    remedy: 'Give the file and the folders above it to root, writable by nobody else.',
  },
  MANAGER_WRONG_CONTRACT: {
    meaning: 'A manager was made for another version of the contract between managers and the node.',
    remedy: 'Install a version of the manager that goes with this version of SlapOS.',
  },
};
