import { ConsoleStream } from '../console/console-stream.js';
import { CommandLog } from '../output/log.js';

/** A log that shows nothing: completion has nobody to tell. */
export function quietLog(): CommandLog {
  const console = new ConsoleStream({ write: () => true });
  const options = { level: 'critical', showTime: false, colour: false, showStacks: false } as const;
  return new CommandLog(options, {}, 'slapos', { console, file: undefined });
}
