import { CliError } from '../errors.js';
import { nearest } from './nearest.js';

/** The command that the words name, and what is left for it. */
export interface FoundCommand {
  /** With blanks: `node instance`. */
  readonly name: string;
  readonly rest: string[];
}

/**
 * Finds the command (spec: cli §1.2): the words are joined one by one until they name one.
 * @param names of all commands
 * @throws CliError `CLI_UNKNOWN_COMMAND`, whose message is the reference's
 */
export function findCommand(words: readonly string[], names: readonly string[]): FoundCommand {
  if (words.length === 1 && words[0] === 'node') return { name: 'node status', rest: [] };
  const known = new Set(names);
  const typed: string[] = [];
  for (const [index, word] of words.entries()) {
    if (word.startsWith('-')) {
      throw new CliError('CLI_UNKNOWN_COMMAND', `slapos: invalid option '${word}'`, {
        hint: 'Options of a command stand behind its name: slapos help',
      });
    }
    typed.push(word);
    const name = typed.join(' ');
    if (known.has(name)) return { name, rest: words.slice(index + 1) };
  }
  throw unknownCommand(typed.join(' '), names);
}

function unknownCommand(typed: string, names: readonly string[]): CliError {
  const suggestion = nearest(typed, names);
  const list = [...names].sort().map((name) => `'${name}'`);
  const message = [
    `slapos: the command '${typed}' does not exist or is not yet implemented.`,
    ...(suggestion === undefined ? [] : [`Did you mean: slapos ${suggestion} ?`]),
    '',
    'Available commands: ',
    list.join(', '),
    '',
    'The documentation is at https://slapos.nexedi.com. An older version of this package may lack the command.',
  ].join('\n');
  return new CliError('CLI_UNKNOWN_COMMAND', message);
}
