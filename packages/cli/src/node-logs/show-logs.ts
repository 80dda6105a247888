import { shouldColour } from '../console/terminal.js';
import { invocation } from '../base/invocation.js';
import { CliError } from '../errors.js';
import { EXIT_CODES } from '../exit-codes.js';
import { readInstant } from '../metering/instants.js';
import { outputFormat } from '../output/output-flags.js';
import { findSources } from './find-sources.js';
import type { SourceSelection } from './log-source.js';
import { lineCount, type LogsFlagValues } from './logs-flags.js';
import { lastPass, type Period } from './pass-lines.js';
import { type FoundLines, LogReader } from './read-logs.js';
import { lineDocument, LineRenderer } from './render-lines.js';

/** Passes are sources as well, by these names. */
const PASSES: ReadonlySet<string> = new Set(['software', 'instance', 'promise', 'report']);

/**
 * Shows logs of a machine on standard output.
 * @param write a line
 * @returns the exit code: 1 when something could not be read
 * @throws CliError `CLI_USAGE`, `CLI_INPUT`
 */
export async function showLogs(
  instanceRoot: string,
  selection: SourceSelection,
  flags: LogsFlagValues,
  write: (line: string) => void,
): Promise<number> {
  const { log, signal, colour } = invocation();
  const pattern = flags.grep === undefined ? undefined : readPattern(flags.grep);
  const period = await periodOf(instanceRoot, selection, flags, signal);
  if (period === undefined) {
    log.info('No pass has worked on this yet.');
    return EXIT_CODES.OK;
  }
  await checkProgram(instanceRoot, selection);
  const reader = new LogReader({ instanceRoot, selection, period, pattern, count: lineCount(flags) });
  const renderer = new LineRenderer(shouldColour(colour, process.stdout, process.env));
  const isJson = outputFormat(flags) === 'json';
  const show = ({ lines, sources, complaints }: FoundLines, isLive: boolean): void => {
    renderer.expect(isLive ? [...sources, ...lines] : lines);
    for (const complaint of complaints) log.warn(complaint);
    for (const line of lines) {
      // What comes now is written now, even where the line does not say so.
      const knownMs = line.writtenMs ?? (isLive ? line.orderMs : undefined);
      write(isJson ? JSON.stringify(lineDocument(line)) : renderer.render(line, knownMs, Date.now()));
    }
  };
  const existing = await reader.existing();
  show(existing, false);
  if (flags.follow) {
    for await (const found of reader.following(signal)) show(found, true);
    return EXIT_CODES.OK;
  }
  if (existing.lines.length === 0) log.info('No lines.');
  return existing.complaints.length === 0 ? EXIT_CODES.OK : EXIT_CODES.FAILED;
}

function readPattern(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw new CliError('CLI_USAGE', `argument --grep: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @returns `undefined` when there was no such pass */
async function periodOf(
  instanceRoot: string,
  { owners }: SourceSelection,
  flags: LogsFlagValues,
  signal: AbortSignal,
): Promise<Partial<Period> | undefined> {
  if (flags['last-pass']) return lastPass(instanceRoot, owners, signal);
  return flags.since === undefined ? {} : { fromMs: readInstant(flags.since, '--since', Date.now()).getTime() };
}

/** A program that writes no log is a mistake; those that do are named. */
async function checkProgram(instanceRoot: string, { owners, program }: SourceSelection): Promise<void> {
  if (program === undefined || PASSES.has(program)) return;
  if ((await findSources(instanceRoot, { owners, program })).sources.length > 0) return;
  const { sources } = await findSources(instanceRoot, { owners });
  const names = [...new Set(sources.map((source) => source.program))].sort();
  throw new CliError('CLI_INPUT', `Nothing called ${program} writes a log here.`, {
    hint: names.length === 0 ? 'There are no logs yet.' : `There are logs of: ${names.join(', ')}.`,
  });
}
