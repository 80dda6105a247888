import type { ConfigFile } from '../config/config-file.js';
import { CliError } from '../errors.js';

const FALSE_WORDS = new Set(['false', 'no', 'off', '0']);
const TRUE_WORDS = new Set(['true', 'yes', 'on', '1']);

/**
 * Refuses a command that needs root to anybody else, unless `root_check` is off (spec: cli §1.6).
 * @throws CliError `CLI_NOT_ROOT`, `CLI_CONFIGURATION`
 */
export function checkRoot(config: ConfigFile, sections: readonly string[] = ['slapos']): void {
  if (process.geteuid?.() === 0) return;
  for (const section of sections) {
    const value = config.value(section, 'root_check')?.trim().toLowerCase();
    if (value === undefined || TRUE_WORDS.has(value)) continue;
    if (FALSE_WORDS.has(value)) return;
    throw new CliError(
      'CLI_CONFIGURATION',
      `${config.file}: [${section}] root_check = ${JSON.stringify(value)}: expected true or false`,
    );
  }
  throw new CliError('CLI_NOT_ROOT', 'This slapos command must be run as root.', {
    hint: 'Use sudo; or, for a node that runs everything as you, set root_check = false in [slapos].',
  });
}
