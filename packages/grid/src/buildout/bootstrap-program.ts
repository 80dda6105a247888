import { type CommandRunner, isSlapOSError, UntrustedDirectory, type UserIdentity } from '@slapos/host';
import path from 'node:path';

import { readAsset } from '../assets.js';
import { GridError } from '../errors.js';
import { readInterpreter } from './interpreter.js';

/** Where buildout is looked for when the configuration names none; the first is where the packaged SlapOS node keeps its own. */
const BUILDOUT_FOLDERS = ['/opt/slapos/bin', '/usr/local/bin', '/usr/bin'] as const;
const PROBE_TIMEOUT_MS = 30_000;
/** What zc.buildout 2 says on a Python 3.10 or newer. */
const REMOVED_NAME = /cannot import name '(?:Mutable)?Mapping' from 'collections'/;

const INSTALL_HINT =
  'Install it (on Debian: apt-get install python3-zc.buildout), or name another one with "buildout = /path/to/buildout" in [slapos].';
const PYTHON_HINT = 'Install it (on Debian: apt-get install python3).';

/** How to start a buildout that bootstraps: a program and the arguments that come before buildout's own. */
export interface BootstrapProgram {
  readonly file: string;
  readonly leadingArgs: readonly string[];
}

/** Whether the file of a folder that is not ours alone is there. */
async function fileExists(file: string): Promise<boolean> {
  try {
    await using folder = await UntrustedDirectory.open(path.dirname(file));
    const name = path.basename(file);
    // Distributions make such programs symbolic links (alternatives); running one is for the command runner to judge.
    return ['file', 'link'].includes((await folder.stat(name))?.type ?? '');
  } catch (error) {
    // No such folder, or something else in its place.
    if (isSlapOSError(error) && (error.code === 'HOST_FILE_FAILED' || error.code === 'HOST_UNTRUSTED_ENTRY'))
      return false;
    throw error;
  }
}

async function findBuildout(configured: string | undefined, folders: readonly string[]): Promise<string> {
  if (configured !== undefined) {
    if (!path.isAbsolute(configured)) {
      throw new GridError('GRID_INVALID_OPTIONS', `buildout is not an absolute path: ${JSON.stringify(configured)}`, {
        hint: 'Write the whole path in "buildout" of [slapos].',
      });
    }
    if (await fileExists(configured)) return configured;
    throw new GridError(
      'GRID_BUILDOUT_NOT_FOUND',
      `There is no buildout at ${JSON.stringify(configured)}, which the configuration names`,
      {
        hint: 'Correct "buildout" in [slapos], or remove it to use the one of the system.',
      },
    );
  }
  for (const folder of folders) {
    const candidate = path.join(folder, 'buildout');
    if (await fileExists(candidate)) return candidate;
  }
  throw new GridError(
    'GRID_BUILDOUT_NOT_FOUND',
    `There is no buildout on this machine (looked in ${folders.join(', ')})`,
    { hint: INSTALL_HINT },
  );
}

/** Runs a command; a program that is not there is named together with its remedy. */
async function probe(
  commands: CommandRunner,
  program: BootstrapProgram,
  user: UserIdentity | undefined,
  signal: AbortSignal | undefined,
): Promise<{ ok: boolean; output: string }> {
  const result = await commands.run(
    {
      file: program.file,
      args: [...program.leadingArgs, '--version'],
      timeoutMs: PROBE_TIMEOUT_MS,
      ...(user === undefined ? {} : { user }),
    },
    signal === undefined ? {} : { signal },
  );
  return { ok: result.exitCode === 0, output: result.output };
}

/**
 * Finds the program that bootstraps. Our launcher comes in between only when buildout itself cannot start on its Python
 * (Debian 12); a buildout that works is used as it is. (spec: grid 15.6)
 * @throws GridError `GRID_BUILDOUT_NOT_FOUND`, `GRID_PYTHON_NOT_FOUND`, `GRID_INVALID_OPTIONS`.
 */
export async function findBootstrapProgram(options: {
  readonly commands: CommandRunner;
  readonly user: UserIdentity | undefined;
  readonly configured: string | undefined;
  /** Where to look when none is configured. Default: the usual folders. */
  readonly folders?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}): Promise<BootstrapProgram> {
  const { commands, user, signal } = options;
  const file = await findBuildout(options.configured, options.folders ?? BUILDOUT_FOLDERS);
  const [interpreter, ...interpreterArgs] = (await readScriptInterpreter(file)) ?? [];
  const direct: BootstrapProgram =
    interpreter === undefined
      ? { file, leadingArgs: [] }
      : { file: interpreter, leadingArgs: [...interpreterArgs, file] };
  const first = await explainMissingInterpreter(file, direct, () => probe(commands, direct, user, signal));
  if (first.ok || interpreter === undefined || !REMOVED_NAME.test(first.output)) {
    // A buildout that fails for another reason will say so itself, in the build's output.
    return direct;
  }
  const launcher = await readAsset('buildout-launcher.py');
  return { file: interpreter, leadingArgs: [...interpreterArgs, '-c', launcher] };
}

async function readScriptInterpreter(file: string): Promise<[string, ...string[]] | undefined> {
  await using folder = await UntrustedDirectory.open(path.dirname(file));
  if ((await folder.stat(path.basename(file)))?.type !== 'file') return undefined;
  return await readInterpreter(folder, path.basename(file));
}

/** Turns "no such program" about a script's interpreter into words about Python. */
export async function explainMissingInterpreter<Result>(
  script: string,
  program: { readonly file: string },
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (isSlapOSError(error) && error.code === 'HOST_COMMAND_NOT_FOUND' && program.file !== script) {
      throw new GridError(
        'GRID_PYTHON_NOT_FOUND',
        `${JSON.stringify(script)} needs ${JSON.stringify(program.file)}, which is not there`,
        {
          hint: PYTHON_HINT,
          cause: error,
        },
      );
    }
    throw error;
  }
}
