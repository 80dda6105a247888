/** What `slapos-supervisord` was asked to do (spec: supervisor §9.7). */
export interface DaemonOptions {
  readonly configurationFile: string;
  readonly noDaemon: boolean;
  readonly action: 'run' | 'help' | 'version';
}

/** A wrong command line. */
export class UsageError extends Error {}

export const HELP = `slapos-supervisord -- run a set of applications as daemons.

Usage: slapos-supervisord -c FILE [options]

Options:
-c/--configuration FILE -- configuration file path
-n/--nodaemon -- run in the foreground
-h/--help -- print this usage message and exit
-v/--version -- print the version of supervisord that this program follows, and exit
`;

/** @throws UsageError */
export function readOptions(args: readonly string[]): DaemonOptions {
  let configurationFile: string | undefined;
  let noDaemon = false;
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? '';
    const inline = /^(?:--configuration=|-c)(.+)$/.exec(word)?.[1];
    if (word === '-h' || word === '--help') return { configurationFile: '', noDaemon, action: 'help' };
    if (word === '-v' || word === '--version') return { configurationFile: '', noDaemon, action: 'version' };
    if (word === '-n' || word === '--nodaemon') noDaemon = true;
    else if (word === '-c' || word === '--configuration') configurationFile = args[(index += 1)];
    else if (inline !== undefined && word !== '--configuration') configurationFile = inline;
    else throw new UsageError(`option ${word} not recognized`);
  }
  if (configurationFile === undefined) throw new UsageError('option -c requires argument: the configuration file');
  return { configurationFile, noDaemon, action: 'run' };
}
