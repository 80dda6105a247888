import { z } from 'zod';
import { FAULTS, SupervisorFault } from '../errors.js';
import { STOPPED_STATES } from '../states.js';
import { followLog } from '../supervisord/follow-log.js';
import { readProcessInfo } from '../supervisord/process-info.js';
import type { Control } from './control.js';
import { fullName } from './process-names.js';
import { STATUS } from './messages.js';

const DEFAULT_TAIL_BYTES = 1600;
const FOLLOWING = '==> Press Ctrl-C to exit <==';
const tailSchema = z.tuple([z.string(), z.number(), z.boolean()]);

/** `tail [-f | -BYTES] NAME [stdout | stderr]` */
export async function tail(control: Control, words: readonly string[]): Promise<void> {
  const { option, rest } = takeOption(words);
  const [name, stream = 'stdout', ...more] = rest;
  if (name === undefined) {
    control.refuse('tail requires process name');
    return;
  }
  if (stream !== 'stdout' && stream !== 'stderr') {
    control.refuse(`bad channel ${JSON.stringify(stream)}`);
    return;
  }
  if (more.length > 0) {
    control.refuse('too many arguments');
    return;
  }
  if (option === '-f') return follow(control, `/logtail/${encodeURIComponent(name)}/${stream}`, name);
  const bytes = byteCount(option);
  if (bytes === undefined) {
    control.refuse(`bad argument ${option ?? ''}`);
    return;
  }
  const method = stream === 'stdout' ? 'tailProcessStdoutLog' : 'tailProcessStderrLog';
  const noName = `${name}: ERROR (no such process name)`;
  await control.attempt(async () => control.line(tailSchema.parse(await control.call(method, [name, 0, bytes]))[0]), {
    [FAULTS.NO_FILE]: `${name}: ERROR (no log file)`,
    [FAULTS.FAILED]: `${name}: ERROR (unknown error reading log)`,
    [FAULTS.BAD_NAME]: noName,
  });
}

/** `maintail [-f | -BYTES]`: the supervisor's own log. */
export async function mainTail(control: Control, words: readonly string[]): Promise<void> {
  const { option, rest } = takeOption(words);
  if (rest.length > 0) {
    control.refuse(`bad argument ${rest[0] ?? ''}`);
    return;
  }
  if (option === '-f') return follow(control, '/mainlogtail', 'supervisord');
  const bytes = byteCount(option);
  if (bytes === undefined) {
    control.refuse(`bad argument ${option ?? ''}`);
    return;
  }
  await control.attempt(async () => control.line(z.string().parse(await control.call('readLog', [-bytes, 0]))), {
    [FAULTS.NO_FILE]: 'supervisord: ERROR (no log file)',
    [FAULTS.FAILED]: 'supervisord: ERROR (unknown error reading log)',
  });
}

/** `fg NAME`: shows what a process prints and sends it what is typed, until the user has enough. */
export async function foreground(control: Control, [name, ...more]: readonly string[]): Promise<void> {
  if (name === undefined) {
    control.refuse('no process name supplied');
    return;
  }
  if (more.length > 0) {
    control.refuse('too many process names supplied');
    return;
  }
  let process: ReturnType<typeof readProcessInfo> | undefined;
  const isKnown = await control.attempt(
    async () => (process = readProcessInfo(await control.call('getProcessInfo', [name]))),
    { [FAULTS.BAD_NAME]: 'Error: bad process name supplied' },
  );
  if (!isKnown || process === undefined) return;
  if (STOPPED_STATES.has(process.state)) {
    control.refuse('process not running');
    return;
  }
  const ended = new AbortController();
  const signal = AbortSignal.any([control.signal, ended.signal]);
  const shown = follow(control, `/logtail/${encodeURIComponent(name)}/stdout`, fullName(process), signal);
  try {
    await Promise.race([shown, sendTyped(control, name, signal)]);
  } finally {
    ended.abort();
    await shown;
  }
}

async function sendTyped(control: Control, name: string, signal: AbortSignal): Promise<void> {
  if (control.typed === undefined) return;
  for await (const line of control.typed) {
    if (signal.aborted) return;
    try {
      await control.call('sendProcessStdin', [name, `${line}\n`]);
    } catch (error) {
      if (!(error instanceof SupervisorFault)) throw error;
      control.refuse(`${name} takes no input: ${error.faultString}`);
      return;
    }
  }
}

async function follow(control: Control, path: string, name: string, signal = control.signal): Promise<void> {
  control.line(FOLLOWING);
  const isThere = await followLog(control.socket, path, control.print, signal);
  if (isThere) return;
  control.line(`${name}: ERROR (no such process name, or no log file)`);
  control.status = STATUS.failed;
}

function takeOption(words: readonly string[]): {
  readonly option: string | undefined;
  readonly rest: readonly string[];
} {
  return words[0]?.startsWith('-') === true
    ? { option: words[0], rest: words.slice(1) }
    : { option: undefined, rest: words };
}

function byteCount(option: string | undefined): number | undefined {
  if (option === undefined) return DEFAULT_TAIL_BYTES;
  const digits = /^-(\d{1,9})$/.exec(option)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
