import { Flags } from '@oclif/core';
import { formatNamed, OUTPUT_FORMATS, type OutputFormat } from './output-format.js';

/** What every command that has a result takes; spread it into the command's flags (spec: ux-ideas §1). */
export const outputFlags = {
  output: Flags.option({
    description: 'how the result is shown; SLAPOS_OUTPUT names another default',
    options: OUTPUT_FORMATS,
    helpValue: OUTPUT_FORMATS.join('|'),
  })(),
  json: Flags.boolean({ description: 'the same as --output json', exclusive: ['output'] }),
  columns: Flags.string({ description: 'columns of the table, in this order', helpValue: 'NAME,NAME' }),
  'no-headers': Flags.boolean({ description: 'a table without its headings' }),
} as const;

/** The values of {@link outputFlags}. */
export interface OutputFlagValues {
  readonly output?: OutputFormat | undefined;
  readonly json?: boolean | undefined;
  readonly columns?: string | undefined;
  readonly 'no-headers'?: boolean | undefined;
}

/** The format that the flags, or else the environment, ask for. */
export function outputFormat(flags: OutputFlagValues, environment: NodeJS.ProcessEnv = process.env): OutputFormat {
  if (flags.json === true) return 'json';
  // Columns and headings are those of a table.
  const implied = flags.columns !== undefined || flags['no-headers'] === true ? 'table' : undefined;
  return flags.output ?? implied ?? formatNamed(environment['SLAPOS_OUTPUT']) ?? 'text';
}
