import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

const BLOCK = /^```console\n([\s\S]*?)^```$/gm;
const PROMPT = '$ ';
const CONTINUATION = '> ';
/** Stands for anything in a line; alone in a line, for any lines. */
const ANYTHING = '…';

/** A command of a page, and what the page says that it prints. */
export interface ShownCommand {
  readonly command: string;
  readonly expected: readonly string[];
}

/** All commands in the `console` blocks of a page, in order: `$ ` begins one, `> ` goes on with it, other lines are its output. */
export async function readShownCommands(page: string): Promise<ShownCommand[]> {
  const commands: { command: string; expected: string[] }[] = [];
  for (const [, block = ''] of (await readFile(page, 'utf8')).matchAll(BLOCK)) {
    for (const line of block.split('\n').slice(0, -1)) {
      const last = commands.at(-1);
      if (line.startsWith(PROMPT)) commands.push({ command: line.slice(PROMPT.length), expected: [] });
      else if (`${line} `.startsWith(CONTINUATION) && last?.expected.length === 0)
        last.command += `\n${line.slice(CONTINUATION.length)}`;
      else last?.expected.push(line);
    }
  }
  return commands;
}

function escapePattern(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}

/** Whether an output is the one that is shown. */
export function matchesShown(expected: readonly string[], output: string): boolean {
  const pattern = expected
    .map((line) =>
      line === ANYTHING ? '(?:[^\n]*\n)*?' : `${line.split(ANYTHING).map(escapePattern).join('[^\n]*')}\n`,
    )
    .join('');
  return new RegExp(`^${pattern}$`).test(output === '' || output.endsWith('\n') ? output : `${output}\n`);
}

export interface SessionOptions {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Words before `bash`, such as those that change the user. */
  readonly prefix: readonly string[];
}

/** What a command printed on both streams, and its exit code. */
export interface Printed {
  readonly output: string;
  readonly exitCode: number;
}

/** One shell in which the commands of a page are typed. */
export class ConsoleSession implements AsyncDisposable {
  readonly #shell;
  readonly #closed: Promise<void>;
  readonly #mark = `--- end of command ${process.pid} ---`;
  #received = '';
  #wake: () => void = () => undefined;
  #hasEnded = false;

  constructor({ directory, env, prefix }: SessionOptions) {
    const words: readonly string[] = [...prefix, 'bash', '--noprofile', '--norc'];
    const [file = '', ...args] = words;
    this.#shell = spawn(file, args, { cwd: directory, env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#received += text;
      this.#wake();
    });
    this.#closed = new Promise((resolve) => {
      this.#shell.once('close', () => {
        this.#hasEnded = true;
        this.#wake();
        resolve();
      });
    });
    this.#shell.stdin.write('exec 2>&1\n');
  }

  /** Types a command and waits until it has ended. */
  async type(command: string): Promise<Printed> {
    this.#received = '';
    // The shell's own input is what we type: a program that reads it, or makes it non-blocking, would end the shell.
    this.#shell.stdin.write(`{ ${command}\n} < /dev/null\nprintf '\\n%s %s\\n' '${this.#mark}' "$?"\n`);
    for (;;) {
      const [output = '', rest] = this.#received.split(`\n${this.#mark} `, 2);
      if (rest?.endsWith('\n') === true) return { output, exitCode: Number(rest) };
      if (this.#hasEnded) throw new Error(`The shell ended:\n${this.#received}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shell.stdin.end();
    await this.#closed;
  }
}
