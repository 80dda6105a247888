import { CliError } from '../errors.js';
import type { ConfigFile } from './config-file.js';

const TRUE_WORDS = new Set(['true', 'yes', 'on', '1']);
const FALSE_WORDS = new Set(['false', 'no', 'off', '0']);

/** Whether a word is true or false, in the wide dialect. */
export function isBoolean(text: string): boolean {
  const word = text.trim().toLowerCase();
  return TRUE_WORDS.has(word) || FALSE_WORDS.has(word);
}

/**
 * A key that is true or false, in the wide dialect (spec: config §1.6); `undefined` when it is not there.
 * @throws CliError `CLI_CONFIGURATION` for any other word
 */
export function readBoolean(config: ConfigFile, section: string, key: string): boolean | undefined {
  const value = config.value(section, key);
  if (value === undefined) return undefined;
  if (isBoolean(value)) return TRUE_WORDS.has(value.trim().toLowerCase());
  const line = config.locate([section], key)?.line;
  const place = line === undefined ? config.file : `${config.file}:${String(line)}`;
  throw new CliError(
    'CLI_CONFIGURATION',
    `${place}: [${section}] ${key} = ${JSON.stringify(value)}: expected true or false`,
  );
}
