import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import type { Context } from 'node:vm';
import repl from 'node:repl';
import os from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import type { CommandLog } from '../output/log.js';
import type { ConsoleNames } from './names.js';

const PROMPT = '>>> ';
const HISTORY_FILE = '.slapconsolehistory';
const BANNER = `SlapOS console: slap, request, supply, getInformation and product are yours. Promises are awaited.
  request(product.kvm, 'my-kvm', { parameters: { key: 'value' } })
  supply('https://example.org/software.cfg', 'COMP-1234')
  (await getInformation('my-kvm')).connectionParameters
`;

type Evaluate = (
  this: repl.REPLServer,
  code: string,
  context: Context,
  file: string,
  done: (error: Error | null, result: unknown) => void,
) => void;

/** A prompt of JavaScript with the names of the console; ends when its input ends (spec: cli §4.7). */
export async function runRepl(names: ConsoleNames, logger: CommandLog, signal: AbortSignal): Promise<void> {
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  if (isTerminal) process.stdout.write(BANNER);
  const input = isTerminal ? process.stdin : new PassThrough();
  // In a context of its own, what is typed would be of other classes than what the library knows.
  Object.assign(globalThis, names);
  const server = repl.start({
    prompt: PROMPT,
    input,
    output: process.stdout,
    terminal: isTerminal,
    useGlobal: true,
    ignoreUndefined: true,
  });
  awaitResults(server);
  const ended = new Promise<void>((resolve) => {
    server.once('exit', resolve);
  });
  const stop = (): void => {
    server.close();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (isTerminal) {
    server.setupHistory(path.join(os.homedir(), HISTORY_FILE), (error) => {
      if (error !== null) logger.warn(`The history is not kept: ${error.message}`);
    });
  }
  if (input instanceof PassThrough) await feedLines(server, input, signal);
  await ended;
  signal.removeEventListener('abort', stop);
}

/** Hands on a line when what the one before began is done, which a pipe does not wait for. */
async function feedLines(server: repl.REPLServer, input: PassThrough, signal: AbortSignal): Promise<void> {
  let isDone = (): void => undefined;
  const prompt = server.displayPrompt.bind(server);
  server.displayPrompt = (keepsCursor) => {
    prompt(keepsCursor);
    isDone();
  };
  for await (const line of createInterface({ input: process.stdin, signal })) {
    const done = new Promise<void>((resolve) => {
      isDone = resolve;
      server.once('exit', resolve);
    });
    input.write(`${line}\n`);
    await done;
  }
  input.end();
}

/** What is typed shows what a promise gives, not the promise. One line is done before the next is read. */
function awaitResults(server: repl.REPLServer): void {
  const evaluate = server.eval as Evaluate;
  const awaiting: Evaluate = function (code, context, file, done) {
    evaluate.call(this, code, context, file, (error, result) => {
      if (error !== null || !isThenable(result)) {
        done(error, result);
        return;
      }
      Promise.resolve(result).then(
        (value: unknown) => {
          done(null, value);
        },
        (reason: unknown) => {
          done(reason instanceof Error ? reason : new Error(inspect(reason)), undefined);
        },
      );
    });
  };
  Object.assign(server, { eval: awaiting });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
