import { Flags } from '@oclif/core';
import { outputFlags } from '../output/output-flags.js';

const DEFAULT_LINES = 100;

/** What both commands that show logs can be told (spec: ux-ideas §15). */
export const logsFlags = {
  follow: Flags.boolean({ char: 'f', description: 'go on with what is written, until Ctrl-C' }),
  lines: Flags.integer({
    char: 'n',
    description: `how many of the last lines; ${DEFAULT_LINES} by default, all of them with --since or --last-pass`,
    helpValue: 'N',
    min: 0,
  }),
  since: Flags.string({
    description: 'only lines of this time: a time ago (30s, 10m, 2h, 7d), or a date, perhaps with a time, in UTC',
    helpValue: 'WHEN',
  }),
  'last-pass': Flags.boolean({
    description: 'only what was written during the last pass',
    exclusive: ['since', 'follow'],
  }),
  grep: Flags.string({ description: 'only lines that this regular expression fits', helpValue: 'RE' }),
  output: Flags.option({
    description: 'one line of text, or of JSON, for each line',
    options: ['text', 'json'] as const,
    helpValue: 'text|json',
  })(),
  json: outputFlags.json,
};

/** The values of {@link logsFlags}. */
export interface LogsFlagValues {
  readonly follow: boolean;
  readonly lines: number | undefined;
  readonly since: string | undefined;
  readonly 'last-pass': boolean;
  readonly grep: string | undefined;
  readonly output: 'text' | 'json' | undefined;
  readonly json: boolean;
}

/** How many lines are shown first; `undefined`: all. */
export function lineCount({ lines, since, 'last-pass': lastPass }: LogsFlagValues): number | undefined {
  return lines ?? (since !== undefined || lastPass ? undefined : DEFAULT_LINES);
}
