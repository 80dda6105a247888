import { type CommandCatalogue, commandName } from '../command-line/catalogue.js';
import { type CompletionWord, globalOptions, optionWords } from './command-words.js';
import { liveValues, type ValueRequest } from './live-values.js';
import { flagOf, GLOBAL_VALUES, readTypedLine, type TypedLine } from './typed-line.js';

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
  'software schema': ['software'],
  types: ['software'],
  'cachelookup binary-sr': ['software'],
  'config show': ['section'],
};

/** What the value of an option stands for, whichever command has it. */
const OPTIONS: Readonly<Record<string, ValueRequest['kind']>> = {
  'only-cp': 'partition',
  'only-sr': 'software-hash',
  'computer-id': 'computer',
  state: 'state',
  for: 'condition',
  node: 'filter',
  type: 'software-type',
  parameters: 'parameter',
  set: 'inner-parameter',
  'set-string': 'inner-parameter',
  'set-json': 'inner-parameter',
  'set-file': 'inner-parameter',
};
/** Values that are given with commas between. */
const LISTS: ReadonlySet<ValueRequest['kind']> = new Set(['partition', 'software-hash']);
/** Values of the form `KEY=VALUE`, whose keys come first. */
const ASSIGNMENTS: ReadonlySet<ValueRequest['kind']> = new Set(['parameter', 'inner-parameter']);

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
  const line = readTypedLine(words.slice(0, -1), catalogue);
  const { command, begun, args } = line;
  const equals = current.startsWith('--') ? current.indexOf('=') : -1;
  if (equals !== -1) {
    const head = current.slice(0, equals + 1);
    const values = await optionValues(current.slice(0, equals), current.slice(equals + 1), line, environment);
    return values.map(({ word, description }) => ({ word: word === FILES ? word : head + word, description }));
  }
  if (current.startsWith('-') && current !== '-')
    return startingWith(current, [...(command === undefined ? [] : optionWords(command)), ...globalOptions()]);
  if (line.valueOf !== undefined) return optionValues(line.valueOf, current, line, environment);
  if (command === undefined) return startingWith(current, followingWords(begun, catalogue));
  // `slapos help` takes the names of commands.
  if (command.id === 'help') return startingWith(current, followingWords(args, catalogue));
  const choices = Object.values(command.args)[args.length]?.options;
  if (choices !== undefined) return startingWith(current, withoutDescription(choices));
  const kind = ARGUMENTS[commandName(command.id)]?.[args.length];
  if (kind === undefined) return [{ word: FILES, description: '' }];
  return startingWith(current, await liveValues({ kind, line, environment }));
}

/** Values for an option that begin with what is typed; one that takes a value which we know nothing of takes a file. */
async function optionValues(
  option: string,
  current: string,
  line: TypedLine,
  environment: NodeJS.ProcessEnv,
): Promise<CompletionWord[]> {
  const flag = flagOf(option, line.command);
  const choices = GLOBAL_VALUES[option] ?? (flag?.type === 'option' ? flag.options : undefined);
  if (choices !== undefined && choices.length > 0) return startingWith(current, withoutDescription(choices));
  const kind = flag === undefined ? undefined : OPTIONS[flag.name];
  if (kind === undefined) return [{ word: FILES, description: '' }];
  const values = await liveValues({ kind, line, environment });
  if (LISTS.has(kind)) return lastOfList(current, values);
  return ASSIGNMENTS.has(kind) ? assignments(current, values) : startingWith(current, values);
}

/** Keys come first; the values of one when it is typed whole. */
function assignments(current: string, words: readonly CompletionWord[]): CompletionWord[] {
  const isValue = current.includes('=');
  return startingWith(current, words).filter(({ word }) => word.endsWith('=') !== isValue);
}

function withoutDescription(words: readonly string[]): CompletionWord[] {
  return words.map((word) => ({ word, description: '' }));
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
