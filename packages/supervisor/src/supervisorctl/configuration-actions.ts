import { z } from 'zod';
import { FAULTS, SupervisorFault } from '../errors.js';
import { readProcessInfoList } from '../supervisord/process-info.js';
import type { Control } from './control.js';
import { STATUS } from './messages.js';

const changesSchema = z.tuple([z.tuple([z.array(z.string()), z.array(z.string()), z.array(z.string())])]);
const resultsSchema = z.array(z.object({ status: z.number() }));

/** `reread`: says what an update would do. */
export async function reread(control: Control): Promise<void> {
  const changes = await readChanges(control);
  if (changes === undefined) return;
  const [added, changed, removed] = changes;
  const said = [
    ...added.map((name) => [name, 'available'] as const),
    ...changed.map((name) => [name, 'changed'] as const),
    ...removed.map((name) => [name, 'disappeared'] as const),
  ].sort(([left], [right]) => (left < right ? -1 : 1));
  for (const [name, text] of said) control.line(`${name}: ${text}`);
  if (said.length === 0) control.line('No config updates to processes');
}

/** `update [all | GROUP…]`: makes what runs follow the configuration. */
export async function update(control: Control, names: readonly string[]): Promise<void> {
  const changes = await readChanges(control);
  if (changes === undefined) return;
  const [added, changed, removed] = changes;
  const wanted = new Set(names.includes('all') ? [] : names);
  if (wanted.size > 0) {
    const known = new Set(added);
    for (const { group } of readProcessInfoList(await control.call('getAllProcessInfo'))) known.add(group);
    for (const name of wanted) {
      if (known.has(name)) continue;
      control.line(`ERROR: no such group: ${name}`);
      control.status = STATUS.failed;
    }
  }
  const isWanted = (name: string): boolean => wanted.size === 0 || wanted.has(name);
  for (const name of removed.filter(isWanted)) {
    const results = resultsSchema.parse(await control.call('stopProcessGroup', [name]));
    control.line(`${name}: stopped`);
    if (results.some(({ status }) => status === FAULTS.FAILED)) {
      control.line(`${name}: has problems; not removing`);
      control.status = STATUS.failed;
      continue;
    }
    await control.call('removeProcessGroup', [name]);
    control.line(`${name}: removed process group`);
  }
  for (const name of changed.filter(isWanted)) {
    await control.call('stopProcessGroup', [name]);
    control.line(`${name}: stopped`);
    await control.call('removeProcessGroup', [name]);
    await control.call('addProcessGroup', [name]);
    control.line(`${name}: updated process group`);
  }
  for (const name of added.filter(isWanted)) {
    await control.call('addProcessGroup', [name]);
    control.line(`${name}: added process group`);
  }
}

/** `add GROUP…`: activates groups of the configuration that was read last. */
export async function addGroups(control: Control, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await control.call('addProcessGroup', [name]);
      control.line(`${name}: added process group`);
    } catch (error) {
      if (!(error instanceof SupervisorFault)) throw error;
      // What is there already is no failure.
      if (error.faultCode === FAULTS.ALREADY_ADDED) control.line('ERROR: process group already active');
      else if (error.faultCode === FAULTS.BAD_NAME) {
        control.line(`ERROR: no such process/group: ${name}`);
        control.status = STATUS.failed;
      } else throw error;
    }
  }
}

/** `remove GROUP…`: forgets groups that have stopped. */
export async function removeGroups(control: Control, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const isRemoved = await control.attempt(() => control.call('removeProcessGroup', [name]), {
      [FAULTS.STILL_RUNNING]: `ERROR: process/group still running: ${name}`,
      [FAULTS.BAD_NAME]: `ERROR: no such process/group: ${name}`,
    });
    if (isRemoved) control.line(`${name}: removed process group`);
  }
}

async function readChanges(control: Control): Promise<readonly [string[], string[], string[]] | undefined> {
  try {
    return changesSchema.parse(await control.call('reloadConfig'))[0];
  } catch (error) {
    if (!(error instanceof SupervisorFault) || error.faultCode !== FAULTS.CANT_REREAD) throw error;
    control.line(`ERROR: ${error.faultString}`);
    control.status = STATUS.failed;
    return undefined;
  }
}
