import { type CommandCatalogue, type CommandFacts, commandName } from '../command-line/catalogue.js';

/** Options with a value that are taken anywhere, and their values. */
export const GLOBAL_VALUES: Readonly<Record<string, readonly string[] | undefined>> = {
  '--color': ['auto', 'always', 'never'],
  '--log-format': ['text', 'json', 'journal'],
  '--log-level': ['debug', 'info', 'warn', 'error'],
};
/** Options that name a file and are taken anywhere. */
export const GLOBAL_FILE_OPTIONS: ReadonlySet<string> = new Set(['--log-file', '--logfile', '--log_file']);
/** Options that swallow all words up to the next option (spec: cli §4.2). */
const WORD_LISTS: ReadonlySet<string> = new Set(['parameters', 'node']);

/** What stands before the word that is typed. */
export interface TypedLine {
  readonly command: CommandFacts | undefined;
  /** Words of a command that is not complete. */
  readonly begun: readonly string[];
  /** Arguments of the command. */
  readonly args: readonly string[];
  /** Options that have a value, by their proper names. */
  readonly options: ReadonlyMap<string, string>;
  /** Options without a value, by their proper names. */
  readonly switches: ReadonlySet<string>;
  /** The option, as it is spelled, whose value the word that is typed is. */
  readonly valueOf: string | undefined;
}

/** Reads the words before the one that is typed. */
export function readTypedLine(words: readonly string[], { commands }: CommandCatalogue): TypedLine {
  const begun: string[] = [];
  const args: string[] = [];
  const options = new Map<string, string>();
  const switches = new Set<string>();
  let command: CommandFacts | undefined;
  let valueOf: string | undefined;
  for (const word of words) {
    if (word.startsWith('-') && word !== '-') {
      const equals = word.indexOf('=');
      const spelled = equals === -1 ? word : word.slice(0, equals);
      const name = flagOf(spelled, command)?.name ?? spelled.replace(/^--?/, '');
      valueOf = equals === -1 && takesValue(spelled, command) ? spelled : undefined;
      if (equals !== -1) options.set(name, word.slice(equals + 1));
      else if (valueOf === undefined) switches.add(name);
    } else if (valueOf !== undefined) {
      const name = flagOf(valueOf, command)?.name ?? valueOf.replace(/^--?/, '');
      options.set(name, word);
      if (!WORD_LISTS.has(name)) valueOf = undefined;
    } else if (command === undefined) {
      begun.push(word);
      command = commands.find(({ id }) => commandName(id) === begun.join(' '));
    } else args.push(word);
  }
  return { command, begun, args, options, switches, valueOf };
}

function takesValue(option: string, command: CommandFacts | undefined): boolean {
  // Before a command is known, only a few options of all are.
  if (GLOBAL_VALUES[option] !== undefined || GLOBAL_FILE_OPTIONS.has(option) || option === '--cfg') return true;
  return flagOf(option, command)?.type === 'option';
}

/** The flag of a command that an option is a spelling of. */
export function flagOf(option: string, command: CommandFacts | undefined): CommandFacts['flags'][string] | undefined {
  if (!option.startsWith('-') || command === undefined) return undefined;
  const name = option.replace(/^--?/, '').replaceAll('_', '-');
  return Object.values(command.flags).find(
    (flag) => flag.name === name || flag.char === name || flag.aliases?.includes(name) === true,
  );
}
