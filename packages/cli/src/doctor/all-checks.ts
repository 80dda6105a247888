import { checkConfiguration } from './config-check.js';
import type { DoctorCheck } from './finding.js';
import { checkDisk, checkNetwork, checkPrograms, checkRights } from './machine-check.js';
import { checkMaster } from './master-check.js';
import { checkPasses, checkProxy, checkSupervisor } from './node-check.js';

/** Everything that is looked at, in the order in which it is shown. */
export const DOCTOR_CHECKS: readonly DoctorCheck[] = [
  { name: 'config', run: checkConfiguration },
  { name: 'master', run: checkMaster },
  { name: 'network', run: checkNetwork },
  { name: 'rights', run: checkRights },
  { name: 'disk', run: checkDisk },
  { name: 'programs', run: checkPrograms },
  { name: 'supervisor', run: checkSupervisor },
  { name: 'passes', run: checkPasses },
  { name: 'proxy', run: checkProxy },
];
