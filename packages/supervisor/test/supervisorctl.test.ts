import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  runSupervisorctl,
  runSupervisorctlPrompt,
  SUPERVISORCTL_ACTIONS,
  type SupervisorKind,
  supervisorPaths,
} from '../src/index.js';
import { eventually, Scratch } from './scratch.js';

// Each stock supervisorctl is a Python of its own, of which a test starts forty.
const PROGRAMS = `[program:web]
command=sleep 600
autostart=false
startsecs=0
[program:none]
command=/nowhere/x
autostart=false
[program:echo]
command=/bin/sh -c 'while read line; do echo heard $line; done'
autostart=false
startsecs=0
[group:pair]
programs=one,two
[program:one]
command=sleep 600
autostart=false
startsecs=0
[program:two]
command=sleep 600
autostart=false
startsecs=0
`;

/** In this order: each one sees what the ones before it left. */
const CALLS: readonly (readonly string[])[] = [
  ['status'],
  ['status', 'nope', 'web'],
  ['status', 'nope:*'],
  ['start', 'nope'],
  ['start', 'none'],
  ['start', 'nope:*'],
  ['stop', 'web'],
  ['stop', 'nope'],
  ['stop', 'nope:*'],
  ['tail', 'nope'],
  ['version'],
  ['avail'],
  ['pid'],
  ['pid', 'nope'],
  ['pid', 'web'],
  ['signal', 'HUP', 'web'],
  ['signal', 'NONSENSE', 'web'],
  ['signal', 'HUP', 'nope:*'],
  ['clear', 'nope'],
  ['clear', 'web'],
  ['reread'],
  ['update'],
  ['update', 'nope'],
  ['add', 'web'],
  ['add', 'nope'],
  ['remove', 'nope'],
];
/** Whose output ends with stock help, which is not ours. */
const WRONG_CALLS: readonly (readonly string[])[] = [
  ['start'],
  ['stop'],
  ['restart'],
  ['signal', 'HUP'],
  ['clear'],
  ['maintail', 'x'],
  ['avail', 'x'],
  ['reread', 'x'],
  ['nonsense', 'x'],
];

describe.each(['embedded', 'supervisord'] as const)('against %s', (kind) => {
  it('prints and ends like the stock one', async () => {
    await using scratch = await withPrograms(kind);
    const { configuration } = supervisorPaths(scratch.instanceRoot);
    const stock = (words: readonly string[]): Outcome => {
      const { status, stdout } = spawnSync('supervisorctl', ['-c', configuration, ...words], { encoding: 'utf8' });
      return { status: status ?? -1, output: settled(stdout) };
    };
    const ours = (words: readonly string[]): Promise<Outcome> => control(scratch, words);
    for (const words of [['status'], ['start', 'web']]) expect(await ours(words)).toEqual(stock(words));

    await scratch.supervisor.ensureRunning();
    for (const words of CALLS) expect({ words, ...(await ours(words)) }).toEqual({ words, ...stock(words) });
    for (const words of WRONG_CALLS) {
      const expected = stock(words);
      const [firstLine] = expected.output.split('\n');
      const found = await ours(words);
      expect({ words, status: found.status, firstLine: found.output.trimEnd() }).toEqual({
        words,
        status: expected.status,
        firstLine,
      });
    }
    expect(await ours(['start', 'web'])).toEqual({ status: 0, output: 'web: started\n' });
    expect(await ours(['start', 'web'])).toEqual({ status: 0, output: 'web: ERROR (already started)\n' });
    expect(await ours(['signal', 'WINCH', 'web'])).toEqual({ status: 0, output: 'web: signalled\n' });
    expect(await ours(['remove', 'web'])).toEqual(stock(['remove', 'web']));
    expect(await ours(['start', 'pair:*'])).toEqual({ status: 0, output: 'pair:one: started\npair:two: started\n' });
    expect(await ours(['restart', 'web'])).toEqual({ status: 0, output: 'web: stopped\nweb: started\n' });
    expect((await ours(['status', 'web'])).output).toMatch(/^web {30}RUNNING {3}pid \d+, uptime 0:00:0\d\n$/);
    expect(await ours(['stop', 'pair:one'])).toEqual({ status: 0, output: 'pair:one: stopped\n' });
    expect(await ours(['pid', 'all'])).toEqual(stock(['pid', 'all']));
  });

  it('makes what runs follow the configuration', async () => {
    await using scratch = await withPrograms(kind);
    await scratch.supervisor.ensureRunning();
    await control(scratch, ['start', 'web']);
    const file = path.join(supervisorPaths(scratch.instanceRoot).includeDirectory, 'test.conf');
    await writeFile(
      file,
      `[program:web]\ncommand=sleep 700\nautostart=false\nstartsecs=0\n[program:new]\ncommand=sleep 1\nautostart=false\n`,
    );
    expect(await control(scratch, ['reread'])).toEqual({
      status: 0,
      output: 'echo: disappeared\nnew: available\nnone: disappeared\npair: disappeared\nweb: changed\n',
    });
    expect(await control(scratch, ['update', 'web'])).toEqual({
      status: 0,
      output: 'web: stopped\nweb: updated process group\n',
    });
    expect(await control(scratch, ['update'])).toEqual({
      status: 0,
      output:
        'echo: stopped\necho: removed process group\nnone: stopped\nnone: removed process group\npair: stopped\npair: removed process group\nnew: added process group\n',
    });
    expect(await control(scratch, ['remove', 'new'])).toEqual({ status: 0, output: 'new: removed process group\n' });
    expect(await control(scratch, ['add', 'new'])).toEqual({ status: 0, output: 'new: added process group\n' });
    await writeFile(file, '[program:broken]\n');
    const refused = await control(scratch, ['update']);
    expect(refused).toMatchObject({
      status: 1,
      output: expect.stringMatching(/^ERROR: CANT_REREAD: .*broken/) as string,
    });
  });

  it('follows logs, and sends what is typed to a process in the foreground', async () => {
    await using scratch = await withPrograms(kind);
    await scratch.supervisor.ensureRunning();
    await control(scratch, ['start', 'echo']);
    const ended = new AbortController();
    let seen = '';
    const typed = (async function* () {
      yield 'spoken';
      await new Promise((resolve) => ended.signal.addEventListener('abort', resolve));
    })();
    const foreground = runSupervisorctl({
      instanceRoot: scratch.instanceRoot,
      words: ['fg', 'echo'],
      print: (text) => (seen += text),
      signal: ended.signal,
      typed,
    });
    await eventually('the echo', async () => seen.includes('heard spoken'));
    let followed = '';
    const follower = runSupervisorctl({
      instanceRoot: scratch.instanceRoot,
      words: ['tail', '-f', 'echo'],
      print: (text) => (followed += text),
      signal: ended.signal,
    });
    await eventually('the log', async () => followed.includes('heard spoken'));
    ended.abort();
    expect(await foreground).toBe(0);
    expect(await follower).toBe(0);
    expect(followed).toMatch(/^==> Press Ctrl-C to exit <==\n/);
    expect((await control(scratch, ['maintail', '-2000'])).output).toContain("spawned: 'echo' with pid");
    expect((await control(scratch, ['tail', '-7', 'echo'])).output).toBe('spoken\n\n');
    expect(await control(scratch, ['tail', '-f', 'nope'])).toMatchObject({ status: 1 });
    expect(await control(scratch, ['fg', 'web'])).toEqual({ status: 1, output: 'Error: process not running\n' });
    expect(await control(scratch, ['clear', 'echo'])).toEqual({ status: 0, output: 'echo: cleared\n' });
  });

  it('has a prompt that asks before it ends everything', async () => {
    await using scratch = await withPrograms(kind);
    await scratch.supervisor.ensureRunning();
    const input = new PassThrough();
    const output = new PassThrough();
    let shown = '';
    output.on('data', (piece: Buffer) => (shown += piece.toString()));
    const ended = runSupervisorctlPrompt({ instanceRoot: scratch.instanceRoot, input, output });
    await eventually('the status', async () => shown.includes('STOPPED   Not started\n'));
    input.write('start web\nhelp start\nshutdown\nno\n');
    await eventually('the question', async () => shown.includes('y/N?'));
    expect(shown).toContain('web: started\n');
    expect(shown).toContain('start NAME');
    expect(await scratch.supervisor.isRunning()).toBe(true);
    input.write('shutdown\nyes\n');
    await eventually('its end', async () => shown.includes('Shut down\n'));
    // It says so before it is gone.
    await scratch.supervisor.shutdown();
    input.end('status\nquit\n');
    expect(await ended).toBe(4);
  });
});

it('starts the supervisor again', async () => {
  await using scratch = await withPrograms('embedded');
  await scratch.supervisor.ensureRunning();
  await control(scratch, ['start', 'web']);
  expect(await control(scratch, ['reload'])).toEqual({ status: 0, output: 'Restarted supervisord\n' });
  await eventually('it to be back', async () => (await control(scratch, ['status', 'web'])).output.includes('STOPPED'));
  expect(await control(scratch, ['open', 'http://elsewhere'])).toMatchObject({ status: 1 });
});

it('names every action, and offers none that it cannot do', async () => {
  let text = '';
  await runSupervisorctl({ instanceRoot: '/nowhere', words: ['help'], print: (piece) => (text += piece) });
  const named = [...text.matchAll(/^([a-z]+)/gm)].map(([, name]) => name);
  expect(named).toEqual(SUPERVISORCTL_ACTIONS);
});

interface Outcome {
  readonly status: number;
  readonly output: string;
}

async function withPrograms(kind: SupervisorKind): Promise<Scratch> {
  const scratch = await Scratch.create(kind);
  await writeFile(path.join(supervisorPaths(scratch.instanceRoot).includeDirectory, 'test.conf'), PROGRAMS);
  return scratch;
}

async function control({ instanceRoot }: Scratch, words: readonly string[]): Promise<Outcome> {
  let output = '';
  const status = await runSupervisorctl({ instanceRoot, words, print: (text) => (output += text) });
  return { status, output: settled(output) };
}

/** The watchdog, which has no command here, is on its way to FATAL. */
function settled(output: string): string {
  return output.replace(/^watchdog .*\n/m, '');
}
