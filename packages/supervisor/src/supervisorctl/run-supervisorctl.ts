import { z } from 'zod';
import { socketPath } from '../configuration/paths.js';
import { FAULTS, SupervisorError, SupervisorFault } from '../errors.js';
import { STOPPED_STATES } from '../states.js';
import { readProcessInfoList } from '../supervisord/process-info.js';
import { RpcClient } from '../supervisord/rpc-client.js';
import type { ProcessInfo } from '../supervisor.js';
import { describeFault, type Verb } from './messages.js';

const MIN_NAME_WIDTH = 30;
const NAME_GAP = 3;
const STATE_WIDTH = 10;
const DEFAULT_TAIL_BYTES = 1600;
const STATUS = { failed: 1, usage: 2, stopped: 3, unknown: 4, notRunning: 7 } as const;

const resultsSchema = z.array(z.object({ name: z.string(), group: z.string(), status: z.number() }));
const tailSchema = z.tuple([z.string(), z.number(), z.boolean()]);

export interface SupervisorctlOptions {
  readonly instanceRoot: string;
  /** What stands behind the command's name: `status`, `start slappart0:*`… */
  readonly words: readonly string[];
  /** Gets each piece of the output, line ends included. */
  readonly print: (text: string) => void;
}

/** The actions that need no stock supervisorctl. */
export const SUPERVISORCTL_ACTIONS = [
  'status',
  'start',
  'stop',
  'restart',
  'tail',
  'pid',
  'version',
  'shutdown',
] as const;
type Action = (typeof SUPERVISORCTL_ACTIONS)[number];

/**
 * Does what the stock supervisorctl does for these actions, with its output and exit statuses, where that is not installed
 * (spec: supervisor §8). No words: `status`.
 * @returns the exit status
 */
export async function runSupervisorctl(options: SupervisorctlOptions): Promise<number> {
  const [action = 'status', ...names] = options.words;
  const socket = await socketPath(options.instanceRoot);
  const rpc = new RpcClient(() => Promise.resolve(socket));
  if (!isAction(action)) {
    options.print(`*** Unknown syntax: ${options.words.join(' ')}\n`);
    return STATUS.failed;
  }
  try {
    return await new Control(rpc, options.print).run(action, names);
  } catch (error) {
    if (!(error instanceof SupervisorError) || error.code !== 'SUPERVISOR_NOT_RUNNING') throw error;
    const isMissing = error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ENOENT';
    options.print(`unix://${socket} ${isMissing ? 'no such file' : 'refused connection'}\n`);
    return isMissing && action !== 'status' ? STATUS.notRunning : STATUS.unknown;
  }
}

function isAction(word: string): word is Action {
  return (SUPERVISORCTL_ACTIONS as readonly string[]).includes(word);
}

class Control {
  readonly #rpc: RpcClient;
  readonly #print: (text: string) => void;
  #status = 0;

  constructor(rpc: RpcClient, print: (text: string) => void) {
    this.#rpc = rpc;
    this.#print = print;
  }

  async run(action: Action, names: readonly string[]): Promise<number> {
    switch (action) {
      case 'status':
        return this.#showStatus(names);
      case 'start':
      case 'stop':
        return this.#change(action, names);
      case 'restart':
        if (names.length === 0) return this.#usage('restart');
        await this.#change('stop', names);
        this.#status = 0;
        return this.#change('start', names);
      case 'tail':
        return this.#tail(names);
      case 'pid':
        this.#print(`${String(z.number().parse(await this.#rpc.call('getPID')))}\n`);
        return 0;
      case 'version':
        this.#print(`${z.string().parse(await this.#rpc.call('getSupervisorVersion'))}\n`);
        return 0;
      case 'shutdown':
        await this.#rpc.call('shutdown');
        this.#print('Shut down\n');
        return 0;
    }
  }

  async #showStatus(names: readonly string[]): Promise<number> {
    const all = readProcessInfoList(await this.#rpc.call('getAllProcessInfo'));
    const shown: ProcessInfo[] = [];
    if (names.length === 0 || names.includes('all')) shown.push(...all);
    else {
      for (const name of names) {
        const [group, process] = splitName(name);
        const found = all.filter((info) => info.group === group && (process === undefined || info.name === process));
        shown.push(...found);
        if (found.length > 0) continue;
        this.#print(process === undefined ? `${group}: ERROR (no such group)\n` : `${name}: ERROR (no such process)\n`);
        this.#status = STATUS.unknown;
      }
    }
    const width = Math.max(MIN_NAME_WIDTH, ...all.map((info) => fullName(info).length)) + NAME_GAP;
    for (const info of shown) {
      this.#print(`${fullName(info).padEnd(width)}${info.stateName.padEnd(STATE_WIDTH)}${info.description}\n`);
      if (STOPPED_STATES.has(info.state)) this.#status = STATUS.stopped;
    }
    return this.#status;
  }

  async #change(verb: Verb, names: readonly string[]): Promise<number> {
    if (names.length === 0) return this.#usage(verb);
    const done = verb === 'start' ? 'started' : 'stopped';
    for (const name of names.includes('all') ? ['all'] : names) {
      const [group, process] = name === 'all' ? [undefined, undefined] : splitName(name);
      try {
        if (group === undefined) this.#report(verb, done, await this.#rpc.call(`${verb}AllProcesses`));
        else if (process === undefined) this.#report(verb, done, await this.#rpc.call(`${verb}ProcessGroup`, [group]));
        else {
          await this.#rpc.call(`${verb}Process`, [name]);
          this.#print(`${name}: ${done}\n`);
        }
      } catch (error) {
        if (!(error instanceof SupervisorFault)) throw error;
        if (process === undefined && error.faultCode === FAULTS.BAD_NAME) {
          this.#print(`${group ?? name}: ERROR (no such group)\n`);
          this.#status = STATUS.usage;
        } else this.#fail(verb, name, error.faultCode);
      }
    }
    return this.#status;
  }

  #report(verb: Verb, done: string, answer: unknown): void {
    for (const result of resultsSchema.parse(answer)) {
      if (result.status === FAULTS.SUCCESS) this.#print(`${fullName(result)}: ${done}\n`);
      else this.#fail(verb, fullName(result), result.status);
    }
  }

  #fail(verb: Verb, name: string, faultCode: number): void {
    const { text, status } = describeFault(verb, faultCode);
    this.#print(`${name}: ERROR (${text})\n`);
    if (status !== 0) this.#status = status;
  }

  async #tail(words: readonly string[]): Promise<number> {
    const [option, ...rest] = words[0]?.startsWith('-') === true ? words : ['', ...words];
    const bytes = option === '' ? DEFAULT_TAIL_BYTES : Number(/^-(\d{1,9})$/.exec(option ?? '')?.[1] ?? Number.NaN);
    const [name, stream = 'stdout'] = rest;
    if (name === undefined || Number.isNaN(bytes) || (stream !== 'stdout' && stream !== 'stderr')) {
      this.#print(
        option === '-f'
          ? 'Error: following needs the stock supervisorctl (apt-get install supervisor)\n'
          : 'Error: expected tail [-N] NAME [stdout|stderr]\n',
      );
      return STATUS.usage;
    }
    const method = stream === 'stdout' ? 'tailProcessStdoutLog' : 'tailProcessStderrLog';
    try {
      this.#print(tailSchema.parse(await this.#rpc.call(method, [name, 0, bytes]))[0]);
      this.#print('\n');
      return 0;
    } catch (error) {
      if (!(error instanceof SupervisorFault)) throw error;
      const reason = error.faultCode === FAULTS.NO_FILE ? 'no log file' : 'no such process name';
      this.#print(`${name}: ERROR (${reason})\n`);
      return STATUS.failed;
    }
  }

  #usage(verb: string): number {
    this.#print(`Error: ${verb} requires a process name\n`);
    return STATUS.usage;
  }
}

/** A process that is called like its group is shown by that name alone. */
function fullName({ group, name }: { readonly group: string; readonly name: string }): string {
  return group === name ? name : `${group}:${name}`;
}

function splitName(name: string): [group: string, process: string | undefined] {
  const [group = '', process] = name.split(':', 2);
  if (process === undefined) return [group, group];
  return [group, process === '' || process === '*' ? undefined : process];
}
