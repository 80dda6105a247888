import { isSlapOSError, type SlapOSError } from '@slapos/host';
import { EXIT_CODES, exitCodeOfError } from '../exit-codes.js';
import { API_VERSION } from '../output/documents.js';
import type { CommandLog } from '../output/log.js';
import type { OutputFormat } from '../output/output-format.js';
import { BrokenPipeError } from '../signals/broken-pipe.js';
import { explainError } from './explain-error.js';

const MARGIN = '      ';

/** What an error is shown with. */
export interface ErrorReport {
  /** Name of the command; empty when none was found. */
  readonly command: string;
  readonly log: CommandLog;
  /** Programs that wait for a document get one (spec: ux-ideas §1). */
  readonly format: OutputFormat;
  readonly write: (text: string) => void;
}

/**
 * Says what failed, why, and what to do; the stack goes to the log file, and to the console when it is asked for.
 * @returns the exit code
 */
export function reportError(error: unknown, { command, log, format, write }: ErrorReport): number {
  if (error instanceof BrokenPipeError) return EXIT_CODES.OK;
  if (error instanceof Error && error.name === 'AbortError') {
    log.warn('Interrupted.');
    return EXIT_CODES.INTERRUPTED;
  }
  const exitCode = isSlapOSError(error) ? exitCodeOfError(error.code) : EXIT_CODES.FAILED;
  if (format === 'json' || format === 'yaml') write(`${errorDocument(error, exitCode)}\n`);
  if (isSlapOSError(error)) {
    const text = renderError(command, error, log.shows('debug'));
    if (error.code === 'CLI_UNKNOWN_COMMAND') log.named('cliff.commandmanager').critical(text);
    else log.error(text);
    log.debug('It came from', { error });
    return exitCode;
  }
  log.error(systemErrorText(error));
  log.debug('It came from', { error });
  return exitCode;
}

/** The sentence that people know, then why, what to do, and where to read more (spec: ux-ideas §2). */
export function renderError(command: string, error: SlapOSError, withAllCauses: boolean): string {
  // What a parser of command lines says beside our own sentence only repeats it.
  const shownCauses = withAllCauses ? undefined : error.code === 'CLI_USAGE' ? 0 : 1;
  const causes = causesOf(error).slice(0, shownCauses);
  // Errors of ours usually say what they were caused by; what they leave out is shown.
  const why = causes.filter((cause) => !error.message.includes(cause));
  return [
    explainError(command, error),
    ...why.map((cause) => `${MARGIN}why:  ${indented(cause)}`),
    ...(error.hint === undefined ? [] : [`${MARGIN}hint: ${indented(error.hint)}`]),
    ...(error.code === 'CLI_UNKNOWN_COMMAND' || error.code === 'CLI_USAGE'
      ? []
      : [`${MARGIN}see:  slapos explain ${error.code}`]),
  ].join('\n');
}

/** JSON is YAML, too. */
function errorDocument(error: unknown, exitCode: number): string {
  const known = isSlapOSError(error) ? error : undefined;
  return JSON.stringify({
    apiVersion: API_VERSION,
    kind: 'Error',
    code: known?.code ?? 'UNEXPECTED',
    exitCode,
    message: error instanceof Error ? error.message : String(error),
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(known === undefined ? {} : { retryable: known.retryable }),
  });
}

function causesOf(error: Error): string[] {
  const messages: string[] = [];
  // A chain that bites its tail would never end.
  const seen = new Set<unknown>([error]);
  for (let cause = error.cause; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    seen.add(cause);
    const [first = ''] = cause.message.split('\n');
    if (first !== '') messages.push(first);
  }
  return messages;
}

/** An error that no part of the program foresaw: usually one of the system. */
function systemErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOfSystem = 'code' in error && typeof error.code === 'string' && 'syscall' in error;
  const hint = isOfSystem
    ? ''
    : `\n${MARGIN}hint: This should not have happened. With --debug it says where; please report it.`;
  return `${error.message}${hint}`;
}

function indented(text: string): string {
  return text.replaceAll('\n', `\n${MARGIN}      `);
}
