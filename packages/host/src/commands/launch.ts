import type { Command } from './command.js';

/** The programs that prepare a process before the command proper; absolute paths, found once. */
export interface LaunchTools {
  readonly setpriv: string;
  readonly prlimit: string;
  readonly sh: string;
}

/**
 * Constant scripts: data reach them as positional parameters only. The shell sets PWD and its like by itself, so they are
 * taken out again: the environment of the command is exactly the one that was asked for.
 */
const UNSET = 'unset PWD OLDPWD SHLVL _;';
const SCRIPTS = {
  umask: `umask "$1"; shift; ${UNSET} exec "$@"`,
  merge: `${UNSET} exec "$@" 2>&1`,
  umaskAndMerge: `umask "$1"; shift; ${UNSET} exec "$@" 2>&1`,
} as const;

function limitArguments(limits: NonNullable<Command['limits']>): string[] {
  const pairs: readonly (readonly [string, number | undefined])[] = [
    ['cpu', limits.cpuSeconds],
    ['as', limits.addressSpaceBytes],
    ['fsize', limits.fileSizeBytes],
    ['nproc', limits.processes],
    ['nofile', limits.openFiles],
  ];
  // No core files of commands with limits: they hold secrets and can be huge.
  return ['--core=0', ...pairs.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${String(value)}`]))];
}

/** The arguments of setpriv that leave no way back. (spec: security S18) */
export function dropArguments(user: NonNullable<Command['user']>): string[] {
  return [
    '--reuid',
    String(user.uid),
    '--regid',
    String(user.gid),
    ...(user.groups === undefined ? ['--init-groups'] : groupsArguments(user.groups)),
    '--no-new-privs',
    '--inh-caps=-all',
    '--ambient-caps=-all',
    '--bounding-set=-all',
  ];
}

function groupsArguments(groups: readonly number[]): string[] {
  return groups.length === 0 ? ['--clear-groups'] : ['--groups', groups.join(',')];
}

/**
 * The argument vector that starts `program` as the command wants it: limits, then the user, then umask and one stream.
 * Limits come first, while the hard ones can still be set freely; the shell comes last, so it runs as the user.
 */
export function launchArguments(
  command: Command,
  program: string,
  tools: LaunchTools,
  options: { readonly dropPrivileges: boolean },
): [file: string, ...args: string[]] {
  const argv: string[] = [];
  if (command.limits !== undefined) argv.push(tools.prlimit, ...limitArguments(command.limits));
  const drop = options.dropPrivileges && command.user !== undefined ? dropArguments(command.user) : [];
  // Set after the change of user, which clears it; and it survives the programs that are still to come.
  const die = command.dieWithUs === true ? ['--pdeathsig', 'KILL'] : [];
  if (drop.length + die.length > 0) argv.push(tools.setpriv, ...drop, ...die);
  const merge = command.separateStderr !== true && command.inheritTerminal !== true;
  if (command.umask !== undefined) {
    const script = merge ? SCRIPTS.umaskAndMerge : SCRIPTS.umask;
    argv.push(tools.sh, '-c', script, 'sh', command.umask.toString(8).padStart(4, '0'));
  } else if (merge) {
    argv.push(tools.sh, '-c', SCRIPTS.merge, 'sh');
  }
  const [file = program, ...args] = [...argv, program, ...command.args];
  return [file, ...args];
}
