import type { Command } from '@oclif/core';
import { readFile } from 'node:fs/promises';

/** All commands that there are, with what is known of them without loading their code. */
export interface CommandCatalogue {
  /** Of this package. */
  readonly version: string;
  readonly commands: readonly CommandFacts[];
}

/** What the manifest says of a command. */
export type CommandFacts = Pick<
  Command.Loadable,
  'id' | 'args' | 'flags' | 'hidden' | 'strict' | 'summary' | 'description' | 'examples'
>;

interface Manifest {
  readonly version: string;
  readonly commands: Readonly<Record<string, CommandFacts>>;
}

/** The name of a command as it is typed: `node instance`. */
export function commandName(id: string): string {
  return id.replaceAll(':', ' ');
}

/** Names of all commands that are typed by people. */
export function commandNames({ commands }: CommandCatalogue): string[] {
  return commands.filter(({ hidden }) => !hidden).map(({ id }) => commandName(id));
}

/**
 * The commands of this package, from the manifest that the build writes.
 * @param root a file of the package, beside whose folder the manifest lies
 */
export async function readOwnCatalogue(root: string): Promise<CommandCatalogue> {
  const text = await readFile(new URL('../oclif.manifest.json', root), 'utf8');
  // Written by our own build.
  const { version, commands } = JSON.parse(text) as Manifest;
  return { version, commands: Object.values(commands) };
}
