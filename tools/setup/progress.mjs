// Running long commands so that a person sees that they are alive, and sees their output only when it matters.
import { spawn } from 'node:child_process';

const TERMINAL_TICK_MS = 1_000;
const LOG_TICK_MS = 15_000;
const SHOWN_LINES_ON_FAILURE = 60;

/** A command that ended with another code than 0, or that could not be started. */
export class CommandFailedError extends Error {
  /**
   * @param {string} message
   * @param {{ exitCode: number | null, output: string, cause?: unknown }} details
   */
  constructor(message, { exitCode, output, cause }) {
    super(message, { cause });
    this.name = 'CommandFailedError';
    this.exitCode = exitCode;
    this.output = output;
  }
}

/**
 * Runs a command, prints its title and the seconds that pass, and shows what the command said only if it fails.
 * On a terminal one line is rewritten every second; elsewhere a line is added every 15 seconds.
 * @param {string} title what is being done, for a person: "Installing npm packages"
 * @param {string} file the program
 * @param {readonly string[]} args its arguments
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, out?: NodeJS.WriteStream }} [options]
 * @returns {Promise<string>} what the command wrote, both streams
 * @throws {CommandFailedError} when it ends with another code than 0
 */
export async function runWithProgress(title, file, args, { cwd, env, out = process.stdout } = {}) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  out.write(out.isTTY ? `${title} …` : `${title} …\n`);
  const ticker = setInterval(
    () => out.write(out.isTTY ? `\r${title} … ${seconds()} s` : `  still at it after ${seconds()} s\n`),
    out.isTTY ? TERMINAL_TICK_MS : LOG_TICK_MS,
  );
  try {
    const output = await runCaptured(file, args, { cwd, env });
    out.write(out.isTTY ? `\r${title}: done in ${seconds()} s\n` : `  done in ${seconds()} s\n`);
    return output;
  } catch (error) {
    if (out.isTTY) out.write('\n');
    if (error instanceof CommandFailedError) {
      const lines = error.output.trimEnd().split('\n');
      const shown = lines.slice(-SHOWN_LINES_ON_FAILURE);
      if (shown.length < lines.length) out.write(`  … (${lines.length - shown.length} lines above)\n`);
      for (const line of shown) out.write(`  ${line}\n`);
    }
    throw error;
  } finally {
    clearInterval(ticker);
  }
}

/**
 * Runs a command and returns what it wrote on both streams.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string | undefined, env?: NodeJS.ProcessEnv | undefined }} [options]
 * @returns {Promise<string>}
 * @throws {CommandFailedError}
 */
export function runCaptured(file, args, { cwd, env } = {}) {
  const { promise, resolve, reject } = deferred();
  const child = spawn(file, args, { cwd, env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  /** @type {Buffer[]} */
  const chunks = [];
  /** @param {Buffer} chunk */
  const collect = (chunk) => chunks.push(chunk);
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const output = () => Buffer.concat(chunks).toString('utf8');
  child.on('error', (cause) =>
    reject(
      new CommandFailedError(`Could not run ${file}: ${cause.message}`, { exitCode: null, output: output(), cause }),
    ),
  );
  child.on('close', (exitCode, signal) => {
    if (exitCode === 0) {
      resolve(output());
      return;
    }
    const ending = signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
    reject(new CommandFailedError(`${[file, ...args].join(' ')} failed: ${ending}`, { exitCode, output: output() }));
  });
  return promise;
}

/**
 * `Promise.withResolvers`, which Node 20 lacks.
 * @returns {{ promise: Promise<string>, resolve: (value: string) => void, reject: (error: Error) => void }}
 */
function deferred() {
  /** @type {(value: string) => void} */
  let resolve = () => {};
  /** @type {(error: Error) => void} */
  let reject = () => {};
  /** @type {Promise<string>} */
  const promise = new Promise((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
