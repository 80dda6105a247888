import { type CommandCatalogue, type CommandFacts, commandName } from '../command-line/catalogue.js';
import { type CompletionWord, globalOptions, optionWords } from './command-words.js';
import { liveValues, type ValueRequest } from './live-values.js';

/** What an argument stands for, by the command and the place of the argument; what is missing here is a file, or anything. */
const ARGUMENTS: Readonly<Record<string, readonly (ValueRequest['kind'] | undefined)[]>> = {
  'computer info': ['computer'],
  destroy: ['service'],
  explain: ['error-code'],
  'node logs': ['partition', 'program'],
  'node restart': ['program'],
  'node start': ['program'],
  'node status': ['program'],
  'node stop': ['program'],
  'node tail': ['program'],
  remove: ['software', 'computer'],
  request: ['service', 'software'],
  'service describe': ['service'],
  'service destroy': ['service'],
  'service info': ['service'],
  'service logs': ['service'],
  'service start': ['service'],
  'service stop': ['service'],
  'service wait': ['service'],
  start: ['service'],
  stop: ['service'],
  supply: ['software', 'computer'],
  'cachelookup binary-sr': ['software'],
  'config show': ['section'],
};

/** What the value of an option stands for, whichever command has it. */
const OPTIONS: Readonly<Record<string, ValueRequest['kind']>> = {
  '--only-cp': 'partition',
  '--only-sr': 'software-hash',
  '--computer-id': 'computer',
  '--state': 'state',
};

/** Options with a value that are taken anywhere. */
const GLOBAL_VALUES: Readonly<Record<string, readonly string[] | undefined>> = {
  '--color': ['auto', 'always', 'never'],
  '--log-format': ['text', 'json', 'journal'],
  '--log-level': ['debug', 'info', 'warn', 'error'],
};
const GLOBAL_FILE_OPTIONS = new Set(['--log-file', '--logfile', '--log_file']);

/** The answer that tells the script to offer file names. */
const FILES = ':files';

/**
 * Answers a completion script: what the last word may become, a line each: value, tab, description (spec: ux-ideas §6).
 * Whatever goes wrong, nothing is offered and nothing is said: a key press is no place for errors.
 * @param words behind the name of the program; the last is being typed, and may be empty
 * @returns the exit code
 */
export async function completeWords(
  words: readonly string[],
  catalogue: CommandCatalogue,
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  const lines = await candidates(words, catalogue, environment).catch(() => []);
  const text = lines.map(({ word, description }) => `${word}\t${description.split('\n')[0] ?? ''}\n`).join('');
  process.stdout.write(text);
  return 0;
}

async function candidates(
  words: readonly string[],
  catalogue: CommandCatalogue,
  environment: NodeJS.ProcessEnv,
): Promise<CompletionWord[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const { command, begun, args, configFile } = whatIsTyped(before, catalogue);
  const option = before.at(-1) ?? '';
  const equals = current.startsWith('--') ? current.indexOf('=') : -1;
  if (equals !== -1) {
    const values = await optionValues(current.slice(0, equals), command, configFile, environment);
    return startingWith(current.slice(equals + 1), values).map(({ word, description }) => ({
      word: `${current.slice(0, equals + 1)}${word}`,
      description,
    }));
  }
  const values = await optionValues(option, command, configFile, environment);
  if (values.length > 0 && takesValue(option, command)) return lastOfList(current, values);
  if (current.startsWith('-'))
    return startingWith(current, [...(command === undefined ? [] : optionWords(command)), ...globalOptions()]);
  if (command === undefined) return startingWith(current, followingWords(begun, catalogue));
  // `slapos help` takes the names of commands.
  if (command.id === 'help') return startingWith(current, followingWords(args, catalogue));
  const kind = ARGUMENTS[commandName(command.id)]?.[args.length];
  if (kind === undefined) return [{ word: FILES, description: '' }];
  return startingWith(current, await liveValues({ kind, args, configFile, environment }));
}

interface Typed {
  readonly command: CommandFacts | undefined;
  /** Words of a command that is not complete. */
  readonly begun: readonly string[];
  /** Arguments that stand before the word that is typed. */
  readonly args: readonly string[];
  readonly configFile: string | undefined;
}

function whatIsTyped(words: readonly string[], catalogue: CommandCatalogue): Typed {
  const begun: string[] = [];
  const args: string[] = [];
  let command: CommandFacts | undefined;
  let configFile: string | undefined;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--cfg') configFile = words[index + 1];
    if (word.startsWith('--cfg=')) configFile = word.slice('--cfg='.length);
    if (word.startsWith('-')) {
      if (!word.includes('=') && takesValue(word, command)) index += 1;
    } else if (command === undefined) {
      begun.push(word);
      command = catalogue.commands.find(({ id }) => commandName(id) === begun.join(' '));
    } else args.push(word);
  }
  return { command, begun, args, configFile };
}

function takesValue(option: string, command: CommandFacts | undefined): boolean {
  if (GLOBAL_VALUES[option] !== undefined || GLOBAL_FILE_OPTIONS.has(option)) return true;
  return flagOf(option, command)?.type === 'option';
}

function flagOf(option: string, command: CommandFacts | undefined): CommandFacts['flags'][string] | undefined {
  if (!option.startsWith('-') || command === undefined) return undefined;
  const name = option.replace(/^--?/, '').replaceAll('_', '-');
  return Object.values(command.flags).find(
    (flag) => flag.name === name || flag.char === name || flag.aliases?.includes(name) === true,
  );
}

/** Values for an option; one that takes a value which we know nothing of takes a file. */
async function optionValues(
  option: string,
  command: CommandFacts | undefined,
  configFile: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<CompletionWord[]> {
  const fixed = GLOBAL_VALUES[option];
  if (fixed !== undefined) return fixed.map((word) => ({ word, description: '' }));
  const flag = flagOf(option, command);
  if (flag?.type !== 'option') return GLOBAL_FILE_OPTIONS.has(option) ? [{ word: FILES, description: '' }] : [];
  if (flag.options !== undefined && flag.options.length > 0)
    return flag.options.map((word) => ({ word, description: '' }));
  const kind = OPTIONS[`--${flag.name}`];
  if (kind === undefined) return [{ word: FILES, description: '' }];
  return liveValues({ kind, args: [], configFile, environment });
}

/** Of values with commas between only the last is typed. */
function lastOfList(current: string, values: readonly CompletionWord[]): CompletionWord[] {
  const comma = current.lastIndexOf(',') + 1;
  const head = current.slice(0, comma);
  return startingWith(current.slice(comma), values).map(({ word, description }) => ({
    word: head + word,
    description,
  }));
}

function followingWords(begun: readonly string[], { commands }: CommandCatalogue): CompletionWord[] {
  const words = new Map<string, CompletionWord>();
  for (const { id, hidden, summary } of commands) {
    const path = id.split(':');
    const word = path[begun.length];
    if (hidden || word === undefined || begun.some((name, index) => path[index] !== name)) continue;
    const isLast = path.length === begun.length + 1;
    if (isLast || !words.has(word))
      words.set(word, { word, description: isLast ? (summary ?? '') : `${word} commands` });
  }
  return [...words.values()].sort((one, other) => (one.word < other.word ? -1 : 1));
}

function startingWith(text: string, words: readonly CompletionWord[]): CompletionWord[] {
  return words.filter(({ word }) => word === FILES || word.startsWith(text));
}
