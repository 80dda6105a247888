import { clearLogs, restart, sendSignal, start, stop } from './change-actions.js';
import { addGroups, removeGroups, reread, update } from './configuration-actions.js';
import type { Control } from './control.js';
import { openSocket, reload, shutdown } from './daemon-actions.js';
import { foreground, mainTail, tail } from './log-actions.js';
import { STATUS } from './messages.js';
import { showAvailable, showPid, showStatus, showVersion } from './show-actions.js';

/** What can be asked of a supervisor by name. */
interface Action {
  /** What follows its name, for people. */
  readonly words: string;
  readonly summary: string;
  readonly run: (control: Control, words: readonly string[]) => void | Promise<void>;
}

const NAMES = 'NAME… (GROUP:PROCESS, GROUP:* or all)';

const ACTIONS = {
  add: { words: 'GROUP…', summary: 'activate groups of the configuration that was read last', run: addGroups },
  avail: { words: '', summary: 'list what the configuration has', run: showAvailable },
  clear: { words: 'NAME… or all', summary: 'empty the logs of processes', run: clearLogs },
  fg: { words: 'NAME', summary: 'show the output of a process and send it what is typed', run: foreground },
  help: { words: '[ACTION]', summary: 'list the actions', run: showHelp },
  maintail: { words: '[-f | -BYTES]', summary: "show the end of the supervisor's log, or follow it", run: mainTail },
  open: { words: 'unix://SOCKET', summary: 'talk to another supervisor', run: openSocket },
  pid: { words: '[NAME… or all]', summary: 'show the pid of the supervisor or of processes', run: showPid },
  reload: { words: '', summary: 'start the supervisor again', run: reload },
  remove: { words: 'GROUP…', summary: 'forget groups that have stopped', run: removeGroups },
  reread: { words: '', summary: 'read the configuration and say what an update would do', run: reread },
  restart: { words: NAMES, summary: 'stop processes and start them; does not read the configuration', run: restart },
  shutdown: { words: '', summary: 'end all processes and the supervisor', run: shutdown },
  signal: { words: `SIGNAL ${NAMES}`, summary: 'send a signal to processes', run: sendSignal },
  start: { words: NAMES, summary: 'start processes', run: start },
  status: { words: `[${NAMES}]`, summary: 'show the state of processes', run: showStatus },
  stop: { words: NAMES, summary: 'stop processes', run: stop },
  tail: {
    words: '[-f | -BYTES] NAME [stdout | stderr]',
    summary: 'show the end of the log of a process, or follow it',
    run: tail,
  },
  update: {
    words: '[GROUP… or all]',
    summary: 'read the configuration and make what runs follow it; changed groups are restarted',
    run: update,
  },
  version: { words: '', summary: 'show the version of the supervisor', run: showVersion },
} as const satisfies Record<string, Action>;

/** The names of all actions, sorted. */
export const SUPERVISORCTL_ACTIONS: readonly string[] = Object.keys(ACTIONS);

/** Does one action; its exit status is left in `control`. */
export async function runAction(control: Control, [name = 'status', ...words]: readonly string[]): Promise<void> {
  const action = actionOf(name);
  if (action === undefined) {
    control.line(`*** Unknown syntax: ${[name, ...words].join(' ')}`);
    control.status = STATUS.failed;
  } else if (action.words === '' && words.length > 0) {
    control.refuse(`${name} accepts no arguments`);
  } else await action.run(control, words);
}

function actionOf(name: string): Action | undefined {
  return Object.hasOwn(ACTIONS, name) ? ACTIONS[name as keyof typeof ACTIONS] : undefined;
}

function showHelp(control: Control, [name]: readonly string[]): void {
  const action = name === undefined ? undefined : actionOf(name);
  if (name !== undefined && action === undefined) {
    control.line(`*** No help on ${name}`);
    control.status = STATUS.failed;
    return;
  }
  const shown = Object.entries<Action>(ACTIONS).filter(([each]) => name === undefined || each === name);
  for (const [each, { words, summary }] of shown) control.line(`${`${each} ${words}`.trimEnd()}\n    ${summary}`);
}
