import { CliError } from '../errors.js';
import { COLOUR_CHOICES, type ColourChoice } from '../console/terminal.js';
import { LOG_FORMATS, type LogFormat, type LogLevel } from '../console/log-level.js';

/** What the options that every command has come to (spec: cli §1.1). */
export interface GlobalOptions {
  readonly help: boolean;
  readonly version: boolean;
  readonly level: LogLevel;
  /** Show stacks of errors. */
  readonly debug: boolean;
  readonly logFile: string | undefined;
  /** The flag `--log-time` takes the time away, as it always has. */
  readonly showTime: boolean;
  readonly colour: ColourChoice;
  /** `undefined`: what the environment says, else text. */
  readonly logFormat: LogFormat | undefined;
}

/** Levels by the names of `--log-level`, the plain way to say `-v` and `-q` (spec: ux-ideas §5). */
const NAMED_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** Behind these words everything belongs to another program. */
const PASS_THROUGH = /^node (?:supervisorctl|status|start|stop|restart|tail)$/;
/** Behind this option of this command, too; oclif and others are told by `--`. */
const EXEC_COMMAND = /^proxy start$/;
const EXEC_OPTION = '--exec';
/** Those that may be cut to a prefix that is unique. Newer ones are typed in full: their prefixes may be options of commands. */
const LONG_OPTIONS = [
  '--version',
  '--verbose',
  '--quiet',
  '--debug',
  '--log-file',
  '--logfile',
  '--log_file',
  '--log-color',
  '--log-time',
  '--help',
];
const LOG_FILE_OPTIONS = new Set(['--log-file', '--logfile', '--log_file']);

/**
 * Takes the global options out of the command line, wherever they stand.
 * @returns them, and what is left
 * @throws CliError `CLI_USAGE`
 */
export function liftGlobalOptions(argv: readonly string[]): {
  readonly options: GlobalOptions;
  readonly rest: string[];
} {
  const rest: string[] = [];
  const found: Found = { help: false, version: false, verbose: 0, quiet: false, debug: false, showTime: true };
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    // What follows `--`, or belongs to a program that gets our arguments, is not ours to look at.
    if (word === '--' || isPassedThrough(rest)) {
      rest.push(...argv.slice(index));
      break;
    }
    if (word === EXEC_OPTION && EXEC_COMMAND.test(rest.slice(0, 2).join(' '))) {
      const behind = argv.slice(index + 1);
      rest.push(word, ...(behind[0] === '--' || behind.length === 0 ? behind : ['--', ...behind]));
      break;
    }
    if (/^-[vqh]{2,}$/.test(word)) {
      for (const letter of word.slice(1)) setFlag(found, `-${letter}`);
      continue;
    }
    const [name, attached] = splitOption(word);
    if (attached === undefined && setFlag(found, name)) continue;
    const set = VALUED[name];
    if (set === undefined) rest.push(word);
    else set(found, attached ?? argv[(index += 1)] ?? missingValue(name));
  }
  if (found.quiet && found.verbose > 0) {
    throw new CliError('CLI_USAGE', 'slapos: error: argument -q/--quiet: not allowed with argument -v/--verbose');
  }
  return {
    rest,
    options: {
      help: found.help,
      version: found.version,
      level: found.level ?? (found.quiet ? 'warn' : found.verbose > 0 ? 'debug' : 'info'),
      debug: found.debug || found.verbose > 1,
      logFile: found.logFile,
      showTime: found.showTime,
      colour: found.colour ?? 'auto',
      logFormat: found.logFormat,
    },
  };
}

interface Found {
  help: boolean;
  version: boolean;
  verbose: number;
  quiet: boolean;
  debug: boolean;
  showTime: boolean;
  logFile?: string;
  colour?: ColourChoice;
  logFormat?: LogFormat;
  level?: LogLevel;
}

/** @returns whether it is an option without a value */
function setFlag(found: Found, name: string): boolean {
  if (name === '-v' || name === '--verbose') found.verbose += 1;
  else if (name === '-q' || name === '--quiet') found.quiet = true;
  else if (name === '-h' || name === '--help') found.help = true;
  else if (name === '--version') found.version = true;
  else if (name === '--debug') found.debug = true;
  else if (name === '--log-time') found.showTime = false;
  else if (name === '--no-color') found.colour = 'never';
  // Colours are on wherever they can be shown.
  else return name === '--log-color';
  return true;
}

/** Options with a value. */
const VALUED: Readonly<Record<string, ((found: Found, value: string) => void) | undefined>> = {
  '--log-file': (found, value) => {
    found.logFile = value;
  },
  '--color': (found, value) => {
    found.colour = choice('--color', COLOUR_CHOICES, value);
  },
  '--log-format': (found, value) => {
    found.logFormat = choice('--log-format', LOG_FORMATS, value);
  },
  '--log-level': (found, value) => {
    found.level = choice('--log-level', NAMED_LEVELS, value);
  },
};

function missingValue(name: string): never {
  throw new CliError('CLI_USAGE', `slapos: error: argument ${name}: expected one argument`);
}

function choice<Choice extends string>(name: string, choices: readonly Choice[], value: string): Choice {
  const found = choices.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new CliError(
    'CLI_USAGE',
    `slapos: error: argument ${name}: invalid choice: '${value}' (choose from ${choices.map((known) => `'${known}'`).join(', ')})`,
  );
}

/** Whether the words so far name such a command and its first own argument has been seen; our `--cfg FILE` may stand between. */
function isPassedThrough(words: readonly string[]): boolean {
  if (!PASS_THROUGH.test(words.slice(0, 2).join(' '))) return false;
  const own = words
    .slice(2)
    .filter((word, index, all) => word !== '--cfg' && !word.startsWith('--cfg=') && all[index - 1] !== '--cfg');
  return own.length > 0;
}

/** The name in full and the attached value of a word that may be a global option; prefixes that are unique count (spec: cli §1.1). */
function splitOption(word: string): readonly [string, string | undefined] {
  if (!word.startsWith('--')) return [word, undefined];
  const equals = word.indexOf('=');
  const name = equals === -1 ? word : word.slice(0, equals);
  const attached = equals === -1 ? undefined : word.slice(equals + 1);
  if (VALUED[name] !== undefined) return [name, attached];
  const matches = LONG_OPTIONS.includes(name) ? [name] : LONG_OPTIONS.filter((option) => option.startsWith(name));
  const meant = [...new Set(matches.map((match) => (LOG_FILE_OPTIONS.has(match) ? '--log-file' : match)))];
  if (meant.length > 1) {
    throw new CliError('CLI_USAGE', `slapos: error: ambiguous option: ${name} could match ${matches.join(', ')}`);
  }
  return [meant[0] ?? name, attached];
}
