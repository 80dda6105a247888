import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';

/** The file that `slapos` is. */
export const SLAPOS_BIN = path.resolve(import.meta.dirname, '../../bin/run.js');

/** How a command ended. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built `slapos` with these words, as a shell would: no terminal, and of the environment only `PATH` and `HOME`. */
export async function runSlapos(words: readonly string[], { input = '', env = {} }: RunOptions = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [SLAPOS_BIN, ...words], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: 'pipe',
  });
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, stdout, stderr };
}

/** The same on a terminal of its own, on which `input` is typed; both streams come out there, without colours. */
export async function runOnTerminal(words: readonly string[], { input = '', env = {} }: RunOptions = {}) {
  const line = [process.execPath, SLAPOS_BIN, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', TERM: 'xterm', ...env },
    stdio: 'pipe',
  });
  child.stdin.end(input);
  const [output] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, output };
}

/** The messages of the log, without time, name and level. */
export function messages(stderr: string): string {
  return stderr.replaceAll(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d slapos\[\d+\] (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) /gm,
    '',
  );
}
