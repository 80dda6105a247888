import os from 'node:os';
import path from 'node:path';
import { nonEmpty } from '../config/non-empty.js';
import { makeParents, writeWhole } from '../configure/write-files.js';
import { CliError } from '../errors.js';
import { COMPLETION_SHELLS, type CompletionShell } from './scripts.js';

const PUBLIC_FILE = 0o644;

/** Where a script went, and what is left to do. */
export interface InstalledScript {
  readonly file: string;
  readonly advice: string;
}

/**
 * The shell that somebody uses, by `SHELL`.
 * @throws CliError `CLI_USAGE` when it is one that there is no script for
 */
export function shellOf(environment: NodeJS.ProcessEnv): CompletionShell {
  const name = path.basename(environment['SHELL'] ?? '');
  const known = COMPLETION_SHELLS.find((shell) => shell === name && shell !== 'none');
  if (known !== undefined) return known;
  const what = name === '' ? 'SHELL is not set' : `SHELL is ${JSON.stringify(name)}`;
  throw new CliError('CLI_USAGE', `slapos complete: error: argument --install: ${what}; name the shell with --shell`, {
    hint: `Known are ${COMPLETION_SHELLS.filter((shell) => shell !== 'none').join(', ')}.`,
  });
}

/**
 * Writes a completion script to where the shell of a user looks for it; one that is there is replaced.
 * @param name the command that is completed
 * @throws CliError `CLI_INPUT` when it cannot be written
 */
export async function installScript(
  shell: Exclude<CompletionShell, 'none'>,
  name: string,
  script: string,
  environment: NodeJS.ProcessEnv,
): Promise<InstalledScript> {
  const { file, advice } = placeOf(shell, name, environment);
  try {
    await makeParents(file);
    await writeWhole(file, `${script}\n`, PUBLIC_FILE);
  } catch (cause) {
    throw new CliError('CLI_INPUT', `The completion script cannot be written to ${file}.`, {
      cause,
      hint: `Print it, and put it where your shell reads it: slapos complete --shell ${shell}`,
    });
  }
  return { file, advice };
}

function placeOf(
  shell: Exclude<CompletionShell, 'none'>,
  name: string,
  environment: NodeJS.ProcessEnv,
): InstalledScript {
  const home = nonEmpty(environment['HOME']) ?? os.homedir();
  const data = nonEmpty(environment['XDG_DATA_HOME']) ?? path.join(home, '.local/share');
  const again = 'It is there in the next shell.';
  switch (shell) {
    case 'bash': {
      const folder = nonEmpty(environment['BASH_COMPLETION_USER_DIR']) ?? path.join(data, 'bash-completion');
      const file = path.join(folder, 'completions', name);
      return { file, advice: `${again} Without the package bash-completion add this to ~/.bashrc: source ${file}` };
    }
    case 'fish': {
      const folder = nonEmpty(environment['XDG_CONFIG_HOME']) ?? path.join(home, '.config');
      return { file: path.join(folder, 'fish/completions', `${name}.fish`), advice: again };
    }
    case 'zsh': {
      const folder = path.join(data, 'zsh/site-functions');
      return {
        file: path.join(folder, `_${name}`),
        advice: `It is there in the next shell if ~/.zshrc has, before compinit: fpath=(${folder} $fpath)`,
      };
    }
  }
}
