import { type SupervisorKind, supervisorSectionSchema } from '@slapos/supervisor';
import { checkSection, mergeSections } from './check-section.js';
import type { ConfigFile } from './config-file.js';

/**
 * The supervisor that `[slapos]` asks for.
 * @throws CliError `CLI_CONFIGURATION`
 */
export function readSupervisorKind(config: ConfigFile): SupervisorKind {
  return checkSection(supervisorSectionSchema, mergeSections(config, ['slapos']), config, ['slapos']).supervisor;
}
