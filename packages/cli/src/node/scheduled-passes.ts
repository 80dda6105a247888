import { type DaemonSection, type ScheduledOutcome, type ScheduledPass, PASS_EXIT_CODES } from '@slapos/grid';
import { isSlapOSError } from '@slapos/host';
import { EXIT_CODES, exitCodeOfError } from '../exit-codes.js';
import type { ConfigFile } from '../config/config-file.js';

/** Runs a command of this program within it. @returns its exit code */
export type RunCommand = (id: string, words: string[]) => Promise<unknown>;

/** What a daemon schedules: the commands themselves, which read the configuration and take the locks as they always do. */
interface ScheduledCommand {
  readonly name: string;
  readonly period: keyof Omit<DaemonSection, 'listen'>;
  readonly words: readonly string[];
  /** The section that it needs. */
  readonly section?: string;
  readonly needsRoot?: boolean;
}

const COMMANDS: readonly ScheduledCommand[] = [
  { name: 'format', period: 'format_period', words: ['--now'], section: 'slapformat' },
  { name: 'software', period: 'software_period', words: ['--now'] },
  { name: 'instance', period: 'instance_period', words: ['--now'] },
  { name: 'report', period: 'report_period', words: ['--now'] },
  { name: 'collect', period: 'collect_period', words: [], needsRoot: true },
];

/**
 * The passes that `slapos node run` schedules for this configuration.
 * `format` only where the file has its section, `collect` only as root.
 */
export function scheduledPasses(
  section: DaemonSection,
  config: ConfigFile,
  run: RunCommand,
  isCommand: (id: string) => boolean,
): ScheduledPass[] {
  return COMMANDS.flatMap(({ name, period, words, section: needed, needsRoot = false }): ScheduledPass[] => {
    const periodMs = section[period];
    const id = `node:${name}`;
    if (periodMs === null || !isCommand(id)) return [];
    if (needed !== undefined && !config.hasSection(needed)) return [];
    if (needsRoot && process.geteuid?.() !== 0) return [];
    return [
      { name, periodMs, run: async () => outcomeOf(name, await codeOf(run, id, [...words, '--cfg', config.file])) },
    ];
  });
}

/** A command that finds its lock taken either says so by its code or by an error. */
async function codeOf(run: RunCommand, id: string, words: string[]): Promise<number> {
  try {
    const code = await run(id, words);
    return typeof code === 'number' ? code : EXIT_CODES.OK;
  } catch (error) {
    if (isSlapOSError(error) && exitCodeOfError(error.code) === EXIT_CODES.BUSY) return EXIT_CODES.BUSY;
    throw error;
  }
}

/** What an exit code says about the schedule: 2 is that of promises, and of a format which could not be posted (spec: cli §2). */
function outcomeOf(name: string, code: number): ScheduledOutcome {
  if (code === EXIT_CODES.OK) return 'success';
  if (code === EXIT_CODES.BUSY) return 'busy';
  if (code === EXIT_CODES.OFFLINE) return 'offline';
  if (code === PASS_EXIT_CODES['promise-failure']) return name === 'format' ? 'offline' : 'promise-failure';
  return 'failure';
}
