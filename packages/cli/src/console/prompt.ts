import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliError } from '../errors.js';

/** How something is asked for. */
export interface PromptOptions {
  readonly question: string;
  /** What to do where nobody can be asked: `Give it with --token-file`. */
  readonly otherwise: string;
  /** What is typed is not shown. */
  readonly isSecret?: boolean;
  readonly signal: AbortSignal;
}

/** Whether somebody is there to be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/**
 * Asks the user on the terminal; the question goes to standard error, as results go to standard output.
 * @returns what was typed, which may be nothing
 * @throws CliError `CLI_USAGE` when standard input is no terminal: a command never hangs in a script
 */
export async function ask({ question, otherwise, isSecret = false, signal }: PromptOptions): Promise<string> {
  if (!canAsk()) {
    throw new CliError('CLI_USAGE', `There is no terminal to ask on for: ${question.trim().replace(/:$/, '')}`, {
      hint: otherwise,
    });
  }
  // readline draws what is typed; for secrets it draws nowhere.
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output: isSecret ? nowhere : process.stderr, terminal: true });
  const stop = new AbortController();
  lines.once('SIGINT', () => {
    stop.abort(new DOMException('Interrupted', 'AbortError'));
  });
  try {
    if (isSecret) process.stderr.write(question);
    return await lines.question(isSecret ? '' : question, { signal: AbortSignal.any([signal, stop.signal]) });
  } finally {
    if (isSecret) process.stderr.write('\n');
    lines.close();
  }
}

/** Asks until something is typed. */
export async function askUntilAnswered(options: PromptOptions): Promise<string> {
  for (;;) {
    const answer = (await ask(options)).trim();
    if (answer !== '') return answer;
  }
}

/** Asks whether to go on; anything but yes is no. */
export async function confirm(options: PromptOptions): Promise<boolean> {
  return /^y(?:es)?$/i.test((await ask(options)).trim());
}
