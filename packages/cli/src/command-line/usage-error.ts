import { isSlapOSError } from '@slapos/host';
import { CliError } from '../errors.js';
import type { OptionFacts } from './command-options.js';

/** What oclif says of an option whose value it cannot read; it has no class of its own. */
const WRONG_VALUE = /^Parsing (--\S+) \n\t(.*)/;
/** Nor has an option at the end of the line that wants a value. */
const NO_VALUE = /^Flag (--\S+) expects a value$/;
const NO_CHOICE = /^Expected (?:(--[^=]+)=)?(.*) to be one of: (.*)$/s;
const EXCLUSIVE = /^(--[^=\s]+).* cannot also be provided when using (--\S+)$/s;
const DEPENDENT = /^All of the following must be provided when using (--\S+): (.*)$/s;

/** The parts of oclif's parser errors that we read. */
interface ParserError extends Error {
  readonly parse?: unknown;
  readonly args?: unknown;
  readonly flags?: unknown;
}

/**
 * Turns what oclif's parser finds wrong into the sentences that scripts know (spec: cli §1.6); gives any other error back.
 * @param options of that command
 */
export function asUsageError(command: string, error: unknown, options: readonly OptionFacts[]): unknown {
  if (!(error instanceof Error)) return error;
  // By its brand: the class of a command is another copy than that of the starter.
  if (isSlapOSError(error) && error.code === 'CLI_USAGE' && error.message.startsWith('argument '))
    return new CliError('CLI_USAGE', `slapos ${command}: error: ${error.message}`, {
      hint: error.hint ?? `slapos help ${command}`,
      cause: error,
    });
  const sentence = sentenceFor(error, (option) => spellings(option, options));
  if (sentence === undefined) return error;
  return new CliError('CLI_USAGE', `slapos ${command}: error: ${sentence}`, {
    hint: `slapos help ${command}`,
    cause: error,
  });
}

/** `undefined` for an error that is not about the words of the command line. */
function sentenceFor(error: ParserError, named: (option: string) => string): string | undefined {
  const [, wrong, why] = WRONG_VALUE.exec(error.message) ?? [];
  if (wrong !== undefined) return `argument ${named(wrong)}: ${why ?? ''}`;
  const [, empty] = NO_VALUE.exec(error.message) ?? [];
  if (empty !== undefined) return `argument ${named(empty)}: expected one argument`;
  if (!('parse' in error)) return undefined;
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
        .map((line) => line.trim())
        .filter((line) => line !== '' && !line.startsWith('The following error'));
      return pythonSentence(first === '' ? error.message : first, named);
    }
  }
}

/** The sentences of Python's argparse, which scripts look for; oclif's where it knows something that argparse does not. */
function pythonSentence(text: string, named: (option: string) => string): string {
  const choice = NO_CHOICE.exec(text);
  if (choice !== null) {
    const [, option, value, choices = ''] = choice;
    const names = choices.split(', ').map((name) => `'${name}'`);
    const place = option === undefined ? '' : `argument ${named(option)}: `;
    return `${place}invalid choice: '${value ?? ''}' (choose from ${names.join(', ')})`;
  }
  const [, one, other] = EXCLUSIVE.exec(text) ?? [];
  if (one !== undefined) return `argument ${named(one)}: not allowed with argument ${named(other ?? '')}`;
  const [, option, needed] = DEPENDENT.exec(text) ?? [];
  return option === undefined ? text : `argument ${named(option)}: needs ${needed ?? ''}`;
}

/** `--only-cp/--only`: all names of an option, as argparse prints them. */
function spellings(option: string, options: readonly OptionFacts[]): string {
  const { aliases = [] } = options.find(({ name }) => `--${name}` === option) ?? {};
  return [option, ...aliases.map((alias) => `--${alias}`)].join('/');
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
