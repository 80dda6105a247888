import { isJournalStream } from './console/journal-stream.js';
import { type CommandCatalogue, commandName, commandNames, readOwnCatalogue } from './command-line/catalogue.js';
import type { OptionFacts } from './command-line/command-options.js';
import { findCommand } from './command-line/find-command.js';
import { type GlobalOptions, liftGlobalOptions } from './command-line/global-options.js';
import { renderCommandHelp, renderGlobalHelp } from './command-line/help.js';
import { reportError } from './command-line/report-error.js';
import { asUsageError } from './command-line/usage-error.js';
import { shouldColour } from './console/terminal.js';
import { LOG_FORMATS, type LogFormat } from './console/log-level.js';
import { EXIT_CODES } from './exit-codes.js';
import { outputFormatOfWords } from './output/output-format.js';
import { CommandLog } from './output/log.js';
import { hasPlugins, pluginFolder } from './plugins/plugin-folder.js';
import { quietBrokenPipes } from './signals/broken-pipe.js';
import { abortOnSignals } from './signals/abort-on-signals.js';

/** What completion scripts call for each key; it is kept out of everything that costs time. */
const COMPLETE_WORD = '__complete';

/**
 * Runs one `slapos` command line.
 * @param argv the words behind `slapos`
 * @param root where the package lies: the URL of a file one folder below it
 * @returns the exit code
 */
export async function main(argv: readonly string[], root: string): Promise<number> {
  let log = new CommandLog({ level: 'info', showTime: true, colour: false, showStacks: false });
  const stop = new AbortController();
  quietBrokenPipes(stop);
  if (argv[0] === COMPLETE_WORD) {
    const { completeWords } = await import('./completion/complete-words.js');
    return completeWords(argv.slice(argv[1] === '--' ? 2 : 1), await catalogueOf(root), process.env);
  }
  let command = '';
  let words = argv;
  let flags: readonly OptionFacts[] = [];
  try {
    const { options, rest } = liftGlobalOptions(argv);
    log = openLog(options);
    if (options.version) {
      const { version } = await readOwnCatalogue(root);
      process.stdout.write(`slapos ${version} (Node.js ${process.versions.node})\n`);
      return EXIT_CODES.OK;
    }
    const catalogue = await catalogueOf(root);
    if (rest.length === 0) {
      process.stdout.write(`${renderGlobalHelp(catalogue)}\n`);
      return EXIT_CODES.OK;
    }
    const found = findCommand(rest, commandNames(catalogue));
    command = found.name;
    words = found.rest;
    const facts = catalogue.commands.find(({ id }) => commandName(id) === found.name);
    if (facts === undefined) throw new Error(`the manifest lacks ${found.name}`);
    flags = Object.values(facts.flags);
    if (options.help) {
      process.stdout.write(`${renderCommandHelp(facts)}\n`);
      return EXIT_CODES.OK;
    }
    abortOnSignals(stop, log);
    const { runCommand } = await import('./run-command.js');
    return await runCommand({
      root,
      version: catalogue.version,
      facts,
      words: found.rest,
      log,
      signal: stop.signal,
      options,
    });
  } catch (error) {
    return reportError(asUsageError(command, error, flags), {
      command,
      log,
      format: outputFormatOfWords(words, process.env),
      write: (text) => process.stdout.write(text),
    });
  }
}

/** Plug-ins bring their own manifests, which oclif reads; without any our own says it all. */
async function catalogueOf(root: string): Promise<CommandCatalogue> {
  if (!(await hasPlugins(pluginFolder(process.env)))) return readOwnCatalogue(root);
  const { readCatalogueWithPlugins } = await import('./plugins/catalogue-with-plugins.js');
  return readCatalogueWithPlugins(root);
}

function openLog(options: GlobalOptions): CommandLog {
  return new CommandLog({
    level: options.level,
    showTime: options.showTime,
    colour: shouldColour(options.colour, process.stderr, process.env),
    showStacks: options.debug,
    file: options.logFile,
    format: options.logFormat ?? formatOfEnvironment(process.env),
  });
}

/** `SLAPOS_LOG_FORMAT`, else the journal's when standard error goes there. */
function formatOfEnvironment(environment: NodeJS.ProcessEnv): LogFormat {
  const named = LOG_FORMATS.find((format) => format === environment['SLAPOS_LOG_FORMAT']);
  if (named !== undefined) return named;
  return isJournalStream(environment['JOURNAL_STREAM']) ? 'journal' : 'text';
}
