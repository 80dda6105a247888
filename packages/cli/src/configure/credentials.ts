import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Flags } from '@oclif/core';
import { nonEmpty } from '../config/non-empty.js';
import { askUntilAnswered } from '../console/prompt.js';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';

/** Where a token comes from (spec: ux-ideas §22). */
export const tokenFlags = {
  token: Flags.string({
    description:
      'token of the web interface; others see it in the list of processes: prefer --token-file or SLAPOS_TOKEN',
    helpValue: 'TOKEN',
  }),
  'token-file': Flags.string({
    description: 'file that holds the token; - is standard input',
    helpValue: 'FILE',
    exclusive: ['token'],
  }),
} as const;

/** The values of {@link tokenFlags}. */
export interface TokenFlagValues {
  readonly token?: string | undefined;
  readonly 'token-file'?: string | undefined;
}

/**
 * The token that the options, the variable `SLAPOS_TOKEN` or else the user gives.
 * @throws CliError `CLI_USAGE` when there is none and nobody to ask
 */
export async function readToken(
  flags: TokenFlagValues,
  {
    question,
    logger,
    signal,
  }: { readonly question: string; readonly logger: CommandLog; readonly signal: AbortSignal },
): Promise<string> {
  if (flags.token !== undefined && flags.token !== '') {
    logger.warn(
      'Everybody on this machine can see a token of the command line: --token-file and SLAPOS_TOKEN hide it.',
    );
    return flags.token;
  }
  const file = flags['token-file'];
  if (file !== undefined) {
    const token = (await readTokenFile(file)).trim();
    if (token === '') throw new CliError('CLI_USAGE', `argument --token-file: ${file} is empty`);
    return token;
  }
  return (
    nonEmpty(process.env['SLAPOS_TOKEN']) ??
    (await askUntilAnswered({
      question,
      isSecret: true,
      otherwise: 'Give it with --token-file FILE (- is standard input), or in the variable SLAPOS_TOKEN.',
      signal,
    }))
  );
}

async function readTokenFile(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CliError('CLI_USAGE', `argument --token-file: cannot read ${file}`, { cause });
  });
}
