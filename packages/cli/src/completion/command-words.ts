import type { Command } from '@oclif/core';

/** A word that may come next, and what it is for. */
export interface CompletionWord {
  readonly word: string;
  readonly description: string;
}

/** What completion knows of the commands: for each begun command (`''`, `node`, `node prune`) the words that may follow. */
export type CommandWords = ReadonlyMap<string, readonly CompletionWord[]>;

/** The facts of a command that completion uses: those of oclif's manifest. */
export type CompletableCommand = Pick<Command.Loadable, 'id' | 'flags' | 'summary' | 'hidden'>;

/** Everything that can be typed, from the commands themselves. */
export function commandWords(commands: readonly CompletableCommand[]): CommandWords {
  const words = new Map<string, CompletionWord[]>([['', []]]);
  const visible = commands.filter(({ hidden }) => !hidden);
  for (const command of [...visible].sort((one, other) => (one.id < other.id ? -1 : 1))) {
    const path = command.id.split(':');
    for (const [depth, word] of path.entries()) {
      const parent = path.slice(0, depth).join(' ');
      const isLast = depth === path.length - 1;
      const siblings = words.get(parent) ?? [];
      words.set(parent, siblings);
      if (siblings.every((sibling) => sibling.word !== word)) {
        siblings.push({ word, description: isLast ? (command.summary ?? '') : `${word} commands` });
      }
    }
    words.set(path.join(' '), optionsOf(command));
  }
  return words;
}

/** The options that are followed by a value. */
export function optionsWithValue(commands: readonly CompletableCommand[]): string[] {
  const options = commands.flatMap(({ flags }) =>
    Object.values(flags).flatMap((flag) => (flag.type === 'option' ? spellings(flag) : [])),
  );
  return [...new Set(['--log-file', ...options])].sort();
}

function optionsOf({ flags }: CompletableCommand): CompletionWord[] {
  const own = Object.values(flags)
    .filter(({ hidden }) => hidden !== true)
    .flatMap((flag) => spellings(flag).map((word) => ({ word, description: flag.description ?? '' })));
  return [{ word: '-h', description: 'show help' }, { word: '--help', description: 'show help' }, ...own];
}

function spellings(flag: Command.Flag.Cached): string[] {
  return [
    ...(flag.char === undefined ? [] : [`-${flag.char}`]),
    `--${flag.name}`,
    ...(flag.aliases ?? []).map((alias) => `--${alias}`),
  ];
}
