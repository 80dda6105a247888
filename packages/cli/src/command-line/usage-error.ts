import { isSlapOSError } from '@slapos/host';
import { CliError } from '../errors.js';

/** What oclif says of an option whose value it cannot read; it has no class of its own. */
const WRONG_VALUE = /^Parsing (--\S+) \n\t(.*)/;

/** The parts of oclif's parser errors that we read. */
interface ParserError extends Error {
  readonly parse?: unknown;
  readonly args?: unknown;
  readonly flags?: unknown;
}

/**
 * Turns what oclif's parser finds wrong into the sentences that scripts know (spec: cli §1.6); gives any other error back.
 */
export function asUsageError(command: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  // By its brand: the class of a command is another copy than that of the starter.
  if (isSlapOSError(error) && error.code === 'CLI_USAGE' && error.message.startsWith('argument '))
    return new CliError('CLI_USAGE', `slapos ${command}: error: ${error.message}`, {
      hint: error.hint ?? `slapos help ${command}`,
      cause: error,
    });
  const value = WRONG_VALUE.exec(error.message);
  if (value === null && !('parse' in error)) return error;
  const sentence = value === null ? sentenceFor(error) : `argument ${value[1] ?? ''}: ${value[2] ?? ''}`;
  return new CliError('CLI_USAGE', `slapos ${command}: error: ${sentence}`, {
    hint: `slapos help ${command}`,
    cause: error,
  });
}

function sentenceFor(error: ParserError): string {
  switch (error.constructor.name) {
    case 'RequiredArgsError':
      return `the following arguments are required: ${namesOf(error.args).join(', ')}`;
    case 'UnexpectedArgsError':
      return `unrecognized arguments: ${textsOf(error.args).join(' ')}`;
    case 'NonExistentFlagsError':
      return `unrecognized arguments: ${textsOf(error.flags).join(' ')}`;
    default: {
      // oclif's own words, without its advice.
      const [first = ''] = error.message
        .split('\n')
        .filter((line) => line.trim() !== '' && !line.startsWith('The following error'));
      return first.trim() === '' ? error.message : first.trim();
    }
  }
}

function namesOf(value: unknown): string[] {
  return Array.isArray(value)
    ? value.map((item: unknown) =>
        typeof item === 'object' && item !== null && 'name' in item ? String(item.name) : String(item),
      )
    : [];
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
