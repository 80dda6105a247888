import { Flags } from '@oclif/core';
import { mergeSections } from '../config/check-section.js';
import type { ConfigFile } from '../config/config-file.js';
import { CliError } from '../errors.js';

/** `--database-uri` of the commands that work on the database of a mini-master. */
export const databaseFlag = Flags.string({
  char: 'u',
  description: 'SQLite file of the mini-master, or postgresql://…',
  helpValue: 'FILE',
});

/** Where the database of the mini-master is. */
export interface DatabasePlace {
  readonly databaseUri: string;
  /** The computer that is known without formatting. */
  readonly computerId: string | undefined;
}

/**
 * What the configuration says of the database, the option before it.
 * @throws CliError `CLI_CONFIGURATION` when nothing names one
 */
export function databasePlace(config: ConfigFile, option: string | undefined): DatabasePlace {
  const { values } = mergeSections(config, ['slapos', 'slapproxy'], { database_uri: option });
  const databaseUri = values['database_uri'] ?? values['database-uri'];
  if (!databaseUri) {
    throw new CliError('CLI_CONFIGURATION', 'database-uri is required.', {
      hint: `Give --database-uri, or set database_uri in [slapproxy] of ${config.file}.`,
    });
  }
  return { databaseUri, computerId: values['computer_id'] };
}
