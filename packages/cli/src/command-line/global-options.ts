import { CliError } from '../errors.js';
import type { LogLevel } from '../output/log.js';

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
}

/** Behind these words everything belongs to another program. */
const PASS_THROUGH = /^node (?:supervisorctl|status|start|stop|restart|tail)$/;
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
  const found = {
    help: false,
    version: false,
    verbose: 0,
    quiet: false,
    debug: false,
    logFile: undefined as string | undefined,
    showTime: true,
  };
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    // What follows `--`, or belongs to a program that gets our arguments, is not ours to look at.
    if (word === '--' || isPassedThrough(rest)) {
      rest.push(...argv.slice(index));
      break;
    }
    const [name, attached] = splitOption(word);
    if (/^-v+$/.test(word)) found.verbose += word.length - 1;
    else if (word === '-q' || name === '--quiet') found.quiet = true;
    else if (word === '-h' || name === '--help') found.help = true;
    else if (name === '--version') found.version = true;
    else if (name === '--verbose') found.verbose += 1;
    else if (name === '--debug') found.debug = true;
    else if (name === '--log-color') continue;
    else if (name === '--log-time') found.showTime = false;
    else if (LOG_FILE_OPTIONS.has(name)) {
      const value = attached ?? argv[(index += 1)];
      if (value === undefined)
        throw new CliError('CLI_USAGE', 'slapos: error: argument --log-file: expected one argument');
      found.logFile = value;
    } else rest.push(word);
  }
  if (found.quiet && found.verbose > 0) {
    throw new CliError('CLI_USAGE', 'slapos: error: argument -q/--quiet: not allowed with argument -v/--verbose');
  }
  return {
    rest,
    options: {
      help: found.help,
      version: found.version,
      level: found.quiet ? 'warn' : found.verbose > 0 ? 'debug' : 'info',
      debug: found.debug || found.verbose > 1,
      logFile: found.logFile,
      showTime: found.showTime,
    },
  };
}

/** Whether the words so far name such a command and its first own argument has been seen; our `--cfg FILE` may stand between. */
function isPassedThrough(words: readonly string[]): boolean {
  if (!PASS_THROUGH.test(words.slice(0, 2).join(' '))) return false;
  const own = words
    .slice(2)
    .filter((word, index, all) => word !== '--cfg' && !word.startsWith('--cfg=') && all[index - 1] !== '--cfg');
  return own.length > 0;
}

/** The name in full and the attached value of a word that may be a global option; prefixes that are unique count. */
function splitOption(word: string): readonly [string, string | undefined] {
  const [name = '', ...value] = word.split('=');
  const attached = value.length > 0 ? value.join('=') : undefined;
  // Only what cannot be meant for a command is completed: `--log` is, `--v` could be anything.
  const matches = name.length > '--lo'.length ? LONG_OPTIONS.filter((option) => option.startsWith(name)) : [];
  const exact = LONG_OPTIONS.includes(name) ? name : undefined;
  if (
    exact === undefined &&
    matches.length > 1 &&
    new Set(matches.map((match) => (LOG_FILE_OPTIONS.has(match) ? 'file' : match))).size > 1
  ) {
    throw new CliError('CLI_USAGE', `slapos: error: ambiguous option: ${name} could match ${matches.join(', ')}`);
  }
  return [exact ?? matches[0] ?? name, attached];
}
