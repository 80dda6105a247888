// eslint-disable-next-line no-restricted-imports -- Services outlive every command: they keep a stdin and are children of this very process.
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { programKind, TRUSTED_PATH } from '@slapos/host';
import { splitWords } from '../configuration/read-values.js';
import type { ProcessConfiguration } from '../configuration/types.js';

const SHELL = '/bin/sh';
const SETPRIV = '/usr/bin/setpriv';
const DEFAULT_PATH = TRUSTED_PATH;

/**
 * What a child does before it becomes its program; values reach it as parameters only. The shell's own variables are taken out again.
 * Parameters: umask, folder (may be empty), then the command.
 */
const PREPARE = `umask "$1"
if [ -n "$2" ]; then cd "$2" 2>/dev/null || { echo "supervisor: couldn't chdir to $2" >&2; echo "supervisor: child process was not spawned" >&2; exit 127; }; fi
shift 2
unset PWD OLDPWD _
trap 'echo "supervisor: child process was not spawned" >&2; exit 127' EXIT
exec "$@"`;
/** As above, with both streams in one. */
const PREPARE_MERGED = `exec 2>&1\n${PREPARE}`;
const REFUSE = `echo "supervisor: $1" >&2
echo "supervisor: child process was not spawned" >&2
exit 127`;

/** The command cannot be run; known before anything is started. */
export class CommandProblem extends Error {
  readonly kind: 'no-file' | 'not-executable';

  constructor(kind: CommandProblem['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * The program of a command and its arguments (spec: supervisor §9.5): split as a shell does, a program without `/` is looked up in PATH.
 * @throws CommandProblem
 */
export async function resolveCommand(
  configuration: ProcessConfiguration,
  pathVariable: string | undefined,
): Promise<string[]> {
  const words = splitWords(configuration.command);
  if (words === undefined)
    throw new CommandProblem('not-executable', `can't parse command ${JSON.stringify(configuration.command)}`);
  const [program, ...args] = words;
  if (program === undefined) throw new CommandProblem('not-executable', 'command is empty');
  const places = program.includes('/')
    ? [path.resolve(configuration.directory ?? '/', program)]
    : (pathVariable ?? DEFAULT_PATH).split(':').map((folder) => path.join(folder, program));
  let problem: CommandProblem | undefined;
  for (const place of places) {
    const kind = await programKind(place);
    if (kind === 'absent') continue;
    if (kind === 'not executable')
      problem ??= new CommandProblem('not-executable', `command at '${place}' is not executable`);
    else return [place, ...args];
  }
  throw problem ?? new CommandProblem('no-file', `can't find command '${program}'`);
}

/** A started process of ours. */
export type Child = ChildProcess;

export interface SpawnOptions {
  readonly configuration: ProcessConfiguration;
  /** From `resolveCommand`. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The daemon's, for processes without their own. */
  readonly umask: number;
}

/**
 * Starts a process in a session and process group of its own, as its user with that user's groups and no way back, with nothing open but
 * its three streams (spec: supervisor §9.5, security S17, S18). What goes wrong in the child is written to its log, with status 127.
 */
export async function spawnChild({ configuration, command, environment, umask }: SpawnOptions): Promise<ChildProcess> {
  const { uid, gid } = configuration;
  const [program = ''] = command;
  const ownUid = process.geteuid?.();
  let argv: string[];
  if (uid !== undefined && uid !== ownUid && ownUid !== 0) {
    argv = [SHELL, '-c', REFUSE, 'sh', `couldn't setuid to ${String(uid)}: Can't drop privilege as nonroot user`];
  } else if ((await programKind(program)) === 'unknown format') {
    // Handed to exec, some tools would let a shell interpret it.
    argv = [SHELL, '-c', REFUSE, 'sh', `couldn't exec ${program}: ENOEXEC`];
  } else {
    argv = [
      ...(uid === undefined || gid === undefined || uid === 0 || ownUid !== 0 ? [] : dropPrivileges(uid, gid)),
      SHELL,
      '-c',
      configuration.redirectStderr ? PREPARE_MERGED : PREPARE,
      'sh',
      (configuration.umask ?? umask).toString(8).padStart(4, '0'),
      configuration.directory ?? '',
      ...command,
    ];
  }
  const [file = SHELL, ...args] = argv;
  return spawn(file, args, { cwd: '/', env: environment, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
}

function dropPrivileges(uid: number, gid: number): string[] {
  const never = ['--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all'];
  return [SETPRIV, '--reuid', String(uid), '--regid', String(gid), '--init-groups', ...never, '--'];
}
