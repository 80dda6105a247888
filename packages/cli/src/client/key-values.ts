import { CliError } from '../errors.js';

/**
 * Reads `KEY=VALUE` words; the value may hold `=` and newlines (spec: cli §4.2).
 * @throws CliError `CLI_USAGE` for a word without `=`, `CLI_INPUT` for a key that is given twice
 */
export function readKeyValues(option: string, words: readonly string[]): Record<string, string> {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 1) {
      throw new CliError(
        'CLI_USAGE',
        `slapos request: error: argument --${option}: expected KEY=VALUE, found ${JSON.stringify(word)}`,
        {
          hint: `For instance --${option} port=8080`,
        },
      );
    }
    const key = word.slice(0, equals);
    if (key in values) throw new CliError('CLI_INPUT', `Multiple values provided for the same key '${key}'`);
    values[key] = word.slice(equals + 1);
  }
  return values;
}
