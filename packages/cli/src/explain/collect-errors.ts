import type { ErrorExplanation } from './explanation.js';

/** What measuring and metering say. */
export const collectErrors = {
  COLLECT_ARCHIVE_FAILED: {
    meaning: 'Measurements of past days could not be packed into an archive.',
    remedy: 'Check the space and the rights in var/data-log of the instance root; they are packed the next time.',
    run: ['df -h'],
  },
  COLLECT_DATABASE_BROKEN: {
    meaning: 'The database of measurements is damaged, or is no such database.',
    remedy: 'The message names the file. Move it away: a new one is begun, and only old measurements are lost.',
  },
  COLLECT_DATABASE_FAILED: {
    meaning: 'The database of measurements could not be read or written.',
    remedy: 'Check the disk, and that no other program holds the file.',
    run: ['df -h'],
  },
  COLLECT_DATABASE_MISSING: {
    meaning: 'Nothing was measured on this machine yet.',
    remedy: 'Take a snapshot first, as root; cron or slapos node run does it every minute.',
    run: ['slapos node collect'],
  },
  COLLECT_HEATING_MODEL_UNKNOWN: {
    meaning: 'The heating test has no figures for this model of computer.',
    remedy: 'Correct computer_model_id in [slapformat], or leave out heating_sensor_id, which switches the test on.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;
