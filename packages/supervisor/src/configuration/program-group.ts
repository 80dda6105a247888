import { SupervisorError } from '../errors.js';
import { checkName, configurationValue, quoteWord } from './values.js';

/** One program that is kept running. */
export interface Program {
  /** Name of the file in `etc/run` or `etc/service`. */
  readonly id: string;
  /** What the process is called inside its group: the id, or `ID-on-watch` for what is in `etc/service`. */
  readonly processName: string;
  /** Absolute path of an executable; an array is a program with its arguments. */
  readonly command: string | readonly string[];
  /** The partition's folder. */
  readonly directory: string;
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly home: string;
}

/** The programs that are started and stopped together: a partition's, or a manager's for a partition. */
export interface ProgramGroup {
  /** `PARTITION` or `PARTITION-SUFFIX`. */
  readonly name: string;
  readonly programs: readonly Program[];
  /** Programs that run as root on purpose, such as a manager's. Default false: uid 0 is refused. */
  readonly allowRoot?: boolean | undefined;
}

/** Name of the log of a program, inside the folder where it is kept (spec: supervisor §3). */
export function programLogName(group: string, id: string): string {
  return `${group}_${id}.log`;
}

/**
 * The configuration file of a group (spec: supervisor §3); equal groups give equal bytes.
 * @param logPath where the log of a program goes
 * @throws SupervisorError `SUPERVISOR_INVALID_PROGRAM`
 */
export function renderGroupFile(group: ProgramGroup, logPath: (program: Program) => string): string {
  checkName('group', group.name);
  const names = group.programs.map(({ id }) => `${group.name}_${id}`);
  const sections = group.programs.map((program) => renderProgram(group, program, logPath(program)));
  return `[group:${group.name}]\nprograms=${names.join(',')}\n\n${sections.join('\n')}`;
}

function renderProgram(group: ProgramGroup, program: Program, log: string): string {
  checkName('program', program.id);
  checkName('process', program.processName);
  if (program.uid === 0 && group.allowRoot !== true) {
    throw new SupervisorError(
      'SUPERVISOR_INVALID_PROGRAM',
      `The program ${program.id} of ${group.name} would run as root, because ${program.directory} belongs to root`,
      { hint: `Give the folder to the partition's own user (slapos node format does).` },
    );
  }
  const value = configurationValue;
  const lines: readonly (readonly [string, string])[] = [
    ['directory', value(program.directory)],
    ['command', value(commandLine(program.command))],
    ['process_name', program.processName],
    ['autostart', 'false'],
    ['autorestart', 'false'],
    ['startsecs', '0'],
    ['startretries', '0'],
    ['exitcodes', '0'],
    ['stopsignal', 'TERM'],
    ['stopwaitsecs', '60'],
    ['stopasgroup', 'true'],
    ['killasgroup', 'true'],
    ['user', String(program.uid)],
    ['group', String(program.gid)],
    ['serverurl', 'AUTO'],
    ['redirect_stderr', 'true'],
    ['stdout_logfile', value(log)],
    ['stdout_logfile_maxbytes', '100KB'],
    ['stdout_logfile_backups', '1'],
    ['stderr_logfile', value(log)],
    ['stderr_logfile_maxbytes', '100KB'],
    ['stderr_logfile_backups', '1'],
    ['environment', value(environment(program))],
  ];
  return `[program:${group.name}_${program.id}]\n${lines.map(([key, text]) => `${key}=${text}\n`).join('')}`;
}

/** A path is written as it is where that is safe, as the reference does. */
function commandLine(command: string | readonly string[]): string {
  const words = typeof command === 'string' ? [command] : command;
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quoteWord(word))).join(' ');
}

function environment({ userName, home }: Program): string {
  for (const text of [userName, home]) {
    if (/["\\]/.test(text)) {
      throw new SupervisorError(
        'SUPERVISOR_INVALID_PROGRAM',
        `${JSON.stringify(text)} cannot be a value of a program's environment`,
      );
    }
  }
  return `USER="${userName}",LOGNAME="${userName}",HOME="${home}"`;
}
