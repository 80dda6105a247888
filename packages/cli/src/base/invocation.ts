import type { Config } from '@oclif/core';
import type { ColourChoice } from '../console/terminal.js';
import { CommandLog } from '../output/log.js';

/** What one run of the program is: its log, and the signal that ends it. */
export interface Invocation {
  readonly log: CommandLog;
  readonly signal: AbortSignal;
  /** Whether stacks of errors are shown. */
  readonly debug: boolean;
  /** Whether results are coloured. */
  readonly colour: ColourChoice;
  /** A log file was named on the command line. */
  readonly hasLogFile: boolean;
  /** As oclif names it: `node:instance`. */
  readonly commandId: string;
  /** All commands that there are, and how to run them; found out when it is asked for. */
  readonly loadProgram: () => Promise<Config>;
}

let current: Invocation | undefined;

/** Sets what the command that is about to run belongs to: oclif makes commands itself and hands nothing on. */
export function beginInvocation(invocation: Invocation): void {
  current = invocation;
}

/** What the running command belongs to. */
export function invocation(): Invocation {
  current ??= {
    log: new CommandLog({ level: 'info', showTime: true, colour: false, showStacks: false }),
    signal: new AbortController().signal,
    debug: false,
    colour: 'auto',
    hasLogFile: false,
    commandId: '',
    loadProgram: () => Promise.reject(new Error('No program runs')),
  };
  return current;
}
