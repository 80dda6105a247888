import type { ConfigFile } from '../config/config-file.js';
import { readBoolean } from '../config/read-boolean.js';
import { CliError } from '../errors.js';

/**
 * Refuses a command that needs root to anybody else, unless `root_check` is off (spec: cli §1.6). The value is read whoever runs the
 * command, so that a wrong one is not found out later, by somebody else.
 * @throws CliError `CLI_NOT_ROOT`, `CLI_CONFIGURATION`
 */
export function checkRoot(config: ConfigFile, sections: readonly string[] = ['slapos']): void {
  const isNeeded = sections.every((section) => readBoolean(config, section, 'root_check') ?? true);
  if (!isNeeded || process.geteuid?.() === 0) return;
  throw new CliError('CLI_NOT_ROOT', 'This slapos command must be run as root.', {
    hint: 'Use sudo; or, for a node that runs everything as you, set root_check = false in [slapos].',
  });
}
