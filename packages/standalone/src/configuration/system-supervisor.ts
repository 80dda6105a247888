import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileIfDifferent } from '@slapos/host';
import { quoteWord } from '@slapos/supervisor';
import { PASS_NAMES, type PassName, type StandaloneLayout } from './layout.js';

const CONFIGURATION_MODE = 0o644;
const PROGRAM_MODE = 0o755;
const ROUND_SECONDS = 60;
const ROUNDS_BETWEEN_REPORTS = 60;

/** What the system supervisor of a folder has to know. */
export interface SystemSupervisorOptions {
  readonly layout: StandaloneLayout;
  /** The `slapos` command. */
  readonly slaposProgram: string;
  /** No software programs. */
  readonly instanceOnly: boolean;
}

/**
 * Writes `etc/supervisord.conf` and `bin/slapos-node-auto`: with them a stock supervisord runs the whole node without us, mini-master and
 * passes being its programs, as the Python program does it and as suites for that expect it (spec: standalone §3).
 */
export async function writeSystemSupervisor(options: SystemSupervisorOptions): Promise<void> {
  const { layout } = options;
  await writeFileIfDifferent(layout.systemSupervisor, renderPrograms(options), { mode: CONFIGURATION_MODE });
  await writeFileIfDifferent(layout.automaticProgram, renderLoop(options), { mode: PROGRAM_MODE });
}

function passNames(instanceOnly: boolean): readonly PassName[] {
  return instanceOnly ? PASS_NAMES.filter((name) => name !== 'software') : PASS_NAMES;
}

type Entry = readonly [name: string, lines: readonly (readonly [key: string, value: string])[]];

function renderPrograms({ layout, slaposProgram, instanceOnly }: SystemSupervisorOptions): string {
  const slapos = (...words: string[]) => commandLine(slaposProgram, ...words, '--cfg', layout.configuration);
  const logOf = (name: string) => value(path.join(layout.logDirectory, `${name}.log`));
  const kept = (name: string, command: string): Entry => [
    `program:${name}`,
    [
      ['command', command],
      ['autostart', 'true'],
      ['startretries', '0'],
      ['startsecs', '0'],
      ['redirect_stderr', 'true'],
      ['stdout_logfile', logOf(name)],
    ],
  ];
  const started = (name: string, log: string, command: string): Entry => [
    `program:${name}`,
    [
      ['command', command],
      ['autostart', 'false'],
      ['autorestart', 'false'],
      ['startretries', '0'],
      ['startsecs', '0'],
      ['stopasgroup', 'true'],
      ['killasgroup', 'true'],
      ['redirect_stderr', 'true'],
      ['stdout_logfile', logOf(log)],
      ['stdout_logfile_maxbytes', '5MB'],
      ['stdout_logfile_backups', '0'],
    ],
  ];
  const passes = passNames(instanceOnly).flatMap((name) => {
    const program = `slapos-node-${name}`;
    const plain = started(program, program, slapos('node', name));
    if (name === 'report') return [plain];
    return [plain, started(`${program}-all`, program, slapos('node', name, '--force'))];
  });
  const entries: Entry[] = [
    ['unix_http_server', [['file', value(layout.systemSocket)]]],
    ['supervisorctl', [['serverurl', `unix://${value(layout.systemSocket)}`]]],
    [
      'supervisord',
      [
        ['logfile', logOf('supervisord')],
        ['pidfile', value(layout.systemPidFile)],
        ['childlogdir', value(layout.logDirectory)],
        // What is shown of a pass should have no colours.
        ['strip_ansi', 'true'],
      ],
    ],
    [
      'rpcinterface:supervisor',
      [['supervisor.rpcinterface_factory', 'supervisor.rpcinterface:make_main_rpcinterface']],
    ],
    kept('slapos-proxy', slapos('proxy', 'start', '--verbose')),
    kept('slapos-instance-supervisord', slapos('node', 'supervisord', '--nodaemon')),
    ...passes,
    started('slapos-node-auto', 'slapos-node-auto', commandLine(layout.automaticProgram)),
  ];
  return entries
    .map(([name, lines]) => [`[${name}]`, ...lines.map(([key, text]) => `${key} = ${text}`), ''].join('\n'))
    .join('\n');
}

function renderLoop({ layout, instanceOnly }: SystemSupervisorOptions): string {
  const start = (name: PassName) =>
    `supervisorctl --configuration ${quoteWord(layout.systemSupervisor)} start slapos-node-${name}`;
  const rounds = passNames(instanceOnly).filter((name) => name !== 'report');
  return `#!/bin/sh
# Runs the passes of this node again and again: supervisorctl start slapos-node-auto
while :; do
  round=0
  while [ $round -lt ${ROUNDS_BETWEEN_REPORTS} ]; do
${rounds.map((name) => `    ${start(name)} &\n`).join('')}    sleep ${ROUND_SECONDS}
    wait
    round=$((round + 1))
  done
  ${start('report')}
done
`;
}

/** supervisord expands what stands behind `%`. */
function value(text: string): string {
  return text.replaceAll('%', '%%');
}

function commandLine(...words: string[]): string {
  return words.map((word) => value(quoteWord(word))).join(' ');
}

/**
 * The process id of the system supervisor that runs the node in a folder; undefined when there is none (spec: standalone §4.1). A process
 * that got the id of one that has ended is told apart by what it is.
 */
export async function systemSupervisorPid(layout: StandaloneLayout): Promise<number | undefined> {
  const pid = Number((await readIfThere(layout.systemPidFile)).trim());
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const words = (await readIfThere(`/proc/${pid}/cmdline`)).split('\0');
  return words.some((word) => word.includes('supervisord')) ? pid : undefined;
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(String((error as { code?: unknown }).code))) return '';
    throw error;
  }
}
