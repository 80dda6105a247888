import { z } from 'zod';
import { FAULTS } from '../errors.js';
import { PROCESS_STATES, STOPPED_STATES } from '../states.js';
import { readProcessInfo, readProcessInfoList } from '../supervisord/process-info.js';
import type { Control } from './control.js';
import { fullName, selectProcesses } from './process-names.js';
import { STATUS } from './messages.js';

const MIN_NAME_WIDTH = 30;
const NAME_GAP = 3;
const STATE_WIDTH = 10;
const AVAILABLE_NAME_WIDTH = 32;
const AVAILABLE_WORD_WIDTH = 9;

const configInfoSchema = z.array(
  z.object({
    name: z.string(),
    group: z.string(),
    inuse: z.boolean(),
    autostart: z.boolean(),
    group_prio: z.number(),
    process_prio: z.number(),
  }),
);

/** `status [NAME…]` */
export async function showStatus(control: Control, names: readonly string[]): Promise<void> {
  const shown = selectProcesses(readProcessInfoList(await control.call('getAllProcessInfo')), names, (text) => {
    control.line(text);
    control.status = STATUS.unknown;
  });
  const width = Math.max(MIN_NAME_WIDTH, ...shown.map((info) => fullName(info).length)) + NAME_GAP;
  for (const info of shown) {
    control.line(`${fullName(info).padEnd(width)}${info.stateName.padEnd(STATE_WIDTH)}${info.description}`);
    if (STOPPED_STATES.has(info.state)) control.status = STATUS.stopped;
  }
}

/** `pid [all | NAME…]` */
export async function showPid(control: Control, names: readonly string[]): Promise<void> {
  if (names.length === 0) {
    control.line(String(z.number().parse(await control.call('getPID'))));
    return;
  }
  if (names.includes('all')) {
    for (const { pid } of readProcessInfoList(await control.call('getAllProcessInfo'))) control.line(String(pid));
    return;
  }
  for (const name of names) {
    await control.attempt(
      async () => {
        const { pid, state } = readProcessInfo(await control.call('getProcessInfo', [name]));
        control.line(String(pid));
        if (pid === 0 && state !== PROCESS_STATES.RUNNING) control.status = STATUS.notRunning;
      },
      { [FAULTS.BAD_NAME]: `No such process ${name}` },
    );
  }
}

/** `avail`: what the configuration has, in use or not. */
export async function showAvailable(control: Control): Promise<void> {
  for (const info of configInfoSchema.parse(await control.call('getAllConfigInfo'))) {
    const words = [info.inuse ? 'in use' : 'avail', info.autostart ? 'auto' : 'manual'];
    control.line(
      [
        fullName(info).padEnd(AVAILABLE_NAME_WIDTH),
        ...words.map((word) => word.padEnd(AVAILABLE_WORD_WIDTH)),
        `${String(info.group_prio)}:${String(info.process_prio)}`,
      ].join(' '),
    );
  }
}

/** `version` */
export async function showVersion(control: Control): Promise<void> {
  control.line(z.string().parse(await control.call('getSupervisorVersion')));
}
