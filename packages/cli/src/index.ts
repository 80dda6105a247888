export { configPath, type ConfigFamily, ConfigFile, loadConfigFile, loadRawSections } from './config/config-file.js';
export { parseConfig, type ConfigEntry, type RawConfig } from './config/parse-config.js';
export { checkSection, type MergedSection, mergeSections } from './config/check-section.js';
export { CliError, type CliErrorCode } from './errors.js';
export { EXIT_CODES, exitCodeOfError } from './exit-codes.js';
export { main } from './main.js';
