import { CliError } from '../errors.js';
import { nearest } from './nearest.js';
import { keepLastOfEach } from './repeated-options.js';

/** What is known of an option of a command: what oclif's manifest keeps. */
export interface OptionFacts {
  readonly name: string;
  readonly aliases?: readonly string[] | undefined;
  /** Its short name, without the dash. */
  readonly char?: string | undefined;
  /** An `option` takes a value. */
  readonly type?: 'option' | 'boolean' | undefined;
  readonly multiple?: boolean | undefined;
}

/**
 * Brings the options of a command to the spelling that oclif knows: `_` is `-`, and a prefix that is unique stands for the whole
 * (spec: cli §1.1), and leaves of one that is given twice the last. Values, and what follows `--`, stay as they are.
 * @throws CliError `CLI_USAGE` for a prefix of several options, and for an option that the command has not
 */
export function normaliseOptions(command: string, argv: readonly string[], options: readonly OptionFacts[]): string[] {
  const names = options.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const normalised = own.map((word) => normaliseWord(command, word, names, options));
  return [...keepLastOfEach(normalised, options), ...(end === -1 ? [] : argv.slice(end))];
}

function normaliseWord(
  command: string,
  word: string,
  names: readonly string[],
  options: readonly OptionFacts[],
): string {
  if (!/^--[A-Za-z]/.test(word)) return word;
  const equals = word.indexOf('=');
  const typed = (equals === -1 ? word : word.slice(0, equals)).slice(2);
  const wanted = typed.replaceAll('_', '-');
  const value = equals === -1 ? '' : word.slice(equals);
  if (names.includes(wanted)) return `--${wanted}${value}`;
  const matches = names.filter((name) => name.startsWith(wanted));
  const distinct = new Set(
    matches.map((match) => options.find(({ name, aliases }) => name === match || aliases?.includes(match))),
  );
  if (distinct.size === 1 && matches[0] !== undefined) return `--${matches[0]}${value}`;
  if (distinct.size > 1) {
    throw new CliError(
      'CLI_USAGE',
      `slapos ${command}: error: ambiguous option: --${typed} could match ${matches.map((name) => `--${name}`).join(', ')}`,
    );
  }
  const suggestion = nearest(wanted, names);
  throw new CliError(
    'CLI_USAGE',
    `slapos ${command}: error: unrecognized arguments: --${typed}${suggestion === undefined ? '' : `   (did you mean --${suggestion}?)`}`,
  );
}
