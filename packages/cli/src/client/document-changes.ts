import { readFile } from 'node:fs/promises';
import { CliError } from '../errors.js';

/** What `--set` and its kin do to a document of parameters (spec: ux-ideas §12). */
export interface DocumentChanges {
  /** `a.b=1`: what looks like a JSON number, `true`, `false` or `null` is that, anything else is text. */
  readonly set?: readonly string[] | undefined;
  /** `a.b=01`: always text. */
  readonly 'set-string'?: readonly string[] | undefined;
  /** `a.b=["x"]`: JSON. */
  readonly 'set-json'?: readonly string[] | undefined;
  /** `a.b=./file`: the text of a file. */
  readonly 'set-file'?: readonly string[] | undefined;
}

/** A document of parameters. */
export type ParameterDocument = Record<string, unknown>;

type Step = string | number;

/** Whether there is anything to change. */
export function hasChanges(changes: DocumentChanges): boolean {
  return CHANGE_OPTIONS.some((option) => (changes[option] ?? []).length > 0);
}

/** The options that {@link applyChanges} reads. */
export const CHANGE_OPTIONS = ['set', 'set-string', 'set-json', 'set-file'] as const;
const ENDS_LINE = /\r?\n$/;

/**
 * A copy of the document with the changes made, in the order of {@link CHANGE_OPTIONS} and of the command line. Objects on the way to a key are made;
 * a number leads into a list (`ports.0=80`).
 * @throws CliError `CLI_USAGE` for a word that is no change, `CLI_INPUT` for one that cannot be made
 */
export async function applyChanges(document: ParameterDocument, changes: DocumentChanges): Promise<ParameterDocument> {
  const changed = structuredClone(document);
  for (const option of CHANGE_OPTIONS) {
    for (const word of changes[option] ?? []) {
      const { steps, text } = readWord(option, word);
      setAt(changed, steps, await valueOf(option, word, text), `--${option} ${word}`);
    }
  }
  return changed;
}

async function valueOf(option: (typeof CHANGE_OPTIONS)[number], word: string, text: string): Promise<unknown> {
  switch (option) {
    case 'set':
      return plainValue(text);
    case 'set-string':
      return text;
    case 'set-json':
      try {
        return JSON.parse(text) as unknown;
      } catch (cause) {
        throw new CliError('CLI_INPUT', `--set-json ${word}: the value is not JSON: ${messageOf(cause)}`, {
          hint: `Quote it for the shell, for instance --set-json 'list=["x"]'; plain text is set by --set-string.`,
          cause,
        });
      }
    case 'set-file':
      return (
        await readFile(text, 'utf8').catch((cause: unknown) => {
          throw new CliError('CLI_INPUT', `--set-file ${word}: cannot read the file: ${messageOf(cause)}`, { cause });
        })
      ).replace(ENDS_LINE, '');
  }
}

function plainValue(text: string): unknown {
  if (/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(text)) {
    const value: unknown = JSON.parse(text);
    // A number that would change on the way is text: an identifier of many digits, not a count.
    return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(text) ? text : value;
  }
  return text;
}

function readWord(option: string, word: string): { steps: readonly Step[]; text: string } {
  const equals = word.indexOf('=');
  const path = equals === -1 ? '' : word.slice(0, equals);
  // A dot that belongs to a key is written \. .
  const steps = path.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'));
  if (equals < 1 || steps.includes('')) {
    throw new CliError('CLI_USAGE', `argument --${option}: expected KEY=VALUE, found ${JSON.stringify(word)}`, {
      hint: `For instance --${option} server.port=8080`,
    });
  }
  return { steps, text: word.slice(equals + 1) };
}

function setAt(document: ParameterDocument, steps: readonly Step[], value: unknown, word: string): void {
  let container: unknown = document;
  for (const [index, step] of steps.entries()) {
    const isLast = index === steps.length - 1;
    if (Array.isArray(container)) {
      const position = Number(step);
      if (!Number.isInteger(position) || position < 0 || position > container.length) {
        throw cannotSet(
          word,
          steps.slice(0, index),
          `it is a list of ${container.length}, which has no place "${step}"`,
        );
      }
      if (isLast) container[position] = value;
      else container = container[position] ??= {};
    } else if (typeof container === 'object' && container !== null) {
      const record = container as Record<string, unknown>;
      const key = String(step);
      // An own property even for names such as __proto__.
      if (isLast || !Object.hasOwn(record, key) || record[key] === null) {
        Object.defineProperty(record, key, {
          value: isLast ? value : {},
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      container = record[key];
    } else {
      throw cannotSet(word, steps.slice(0, index), `it is ${JSON.stringify(container)}, which holds no keys`);
    }
  }
}

function cannotSet(word: string, steps: readonly Step[], why: string): CliError {
  return new CliError('CLI_INPUT', `${word}: cannot set a value in ${JSON.stringify(steps.join('.'))}: ${why}`, {
    hint: 'Replace the whole with --set-json.',
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
