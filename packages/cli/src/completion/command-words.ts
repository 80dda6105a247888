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
    words.set(path.join(' '), optionWords(command));
  }
  return words;
}

/** The options of a command, in all their spellings. */
export function optionWords({ flags }: Pick<CompletableCommand, 'flags'>): CompletionWord[] {
  const own = Object.values(flags)
    .filter(({ hidden }) => hidden !== true)
    .flatMap((flag) => spellings(flag).map((word) => ({ word, description: flag.description ?? '' })));
  return [{ word: '-h', description: 'show help' }, { word: '--help', description: 'show help' }, ...own];
}

/** The options that every command has, but for `--help`. */
export function globalOptions(): CompletionWord[] {
  return [
    { word: '--verbose', description: 'show more, twice for internals' },
    { word: '--quiet', description: 'show warnings and errors only' },
    { word: '--debug', description: 'show where in the program an error came from' },
    { word: '--log-file', description: 'also write the log to a file' },
    { word: '--log-format', description: 'text, json or journal' },
    { word: '--log-level', description: 'the least that is shown' },
    { word: '--log-time', description: 'leave the time out of the log' },
    { word: '--color', description: 'auto, always or never' },
    { word: '--no-color', description: 'no colours' },
  ];
}

function spellings(flag: Command.Flag.Cached): string[] {
  return [
    ...(flag.char === undefined ? [] : [`-${flag.char}`]),
    `--${flag.name}`,
    ...(flag.aliases ?? []).map((alias) => `--${alias}`),
  ];
}
