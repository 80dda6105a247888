import { execFile, spawn } from 'node:child_process';
import { chmod, chown, link, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { isProcessAlive } from '@slapos/host';
import { describe, expect, it } from 'vitest';
import { supervisorPaths } from '../src/index.js';
import { DAEMON_FILE } from './build-daemon.js';
import { eventually, Scratch, serviceUser } from './scratch.js';

const run = promisify(execFile);
const SUPERVISORCTL_COLUMNS = 33;
// Each supervisorctl is a Python of its own, of which the longest test starts twenty.
interface Outcome {
  readonly status: number;
  readonly output: string;
}

/** Debian's own supervisorctl against the daemon. */
async function supervisorctl(scratch: Scratch, ...words: string[]): Promise<Outcome> {
  const args = ['-c', supervisorPaths(scratch.instanceRoot).configuration, ...words];
  return run('supervisorctl', args).then(
    ({ stdout }) => ({ status: 0, output: stdout }),
    (error: unknown) => {
      const { code, stdout } = error as { code: number; stdout: string };
      return { status: code, output: stdout };
    },
  );
}

/** A daemon whose configuration has these sections beside the usual ones. */
async function started(sections: string): Promise<Scratch> {
  const scratch = await Scratch.create('embedded');
  await writeFile(path.join(supervisorPaths(scratch.instanceRoot).includeDirectory, 'test.conf'), sections);
  await scratch.supervisor.ensureRunning();
  return scratch;
}

async function stateOf(scratch: Scratch, name: string): Promise<string | undefined> {
  return (await scratch.supervisor.processInfo(name))?.stateName;
}

async function untilState(scratch: Scratch, name: string, state: string): Promise<void> {
  await eventually(`${name} to be ${state}`, async () => (await stateOf(scratch, name)) === state);
}

function program(name: string, command: string, more = ''): string {
  return `[program:${name}]\ncommand=/bin/sh -c '${command}'\nautostart=false\n${more}\n`;
}

describe('a stock supervisorctl', () => {
  it('starts, shows, tails, signals and stops, with its usual statuses', async () => {
    await using scratch = await started(
      program('web', 'echo hello; exec sleep 600', 'startsecs=0') +
        program('bad', 'exit 3', 'startsecs=0\nautorestart=false'),
    );
    expect(await supervisorctl(scratch, 'start', 'web')).toEqual({ status: 0, output: 'web: started\n' });
    expect(await supervisorctl(scratch, 'start', 'web')).toEqual({
      status: 0,
      output: 'web: ERROR (already started)\n',
    });
    await eventually('output', async () => (await supervisorctl(scratch, 'tail', 'web')).output.includes('hello'));
    expect((await supervisorctl(scratch, 'status', 'web')).output.slice(SUPERVISORCTL_COLUMNS)).toMatch(
      /^RUNNING {3}pid \d+, uptime 0:00:\d\d\n$/,
    );
    expect(await supervisorctl(scratch, 'status', 'nope')).toEqual({
      status: 4,
      output: 'nope: ERROR (no such process)\n',
    });
    expect((await supervisorctl(scratch, 'start', 'nope')).status).toBe(1);
    expect((await supervisorctl(scratch, 'signal', 'WINCH', 'web')).output).toBe('web: signalled\n');
    expect((await supervisorctl(scratch, 'signal', 'NONSENSE', 'web')).output).toContain('bad signal name');
    expect((await supervisorctl(scratch, 'clear', 'web')).output).toBe('web: cleared\n');
    expect((await supervisorctl(scratch, 'restart', 'web')).output).toBe('web: stopped\nweb: started\n');
    expect((await supervisorctl(scratch, 'stop', 'web')).output).toBe('web: stopped\n');
    expect((await supervisorctl(scratch, 'stop', 'web')).output).toBe('web: ERROR (not running)\n');
    expect((await supervisorctl(scratch, 'status')).status).toBe(3);
    expect((await supervisorctl(scratch, 'version')).output).toBe('4.2.5\n');
    expect((await supervisorctl(scratch, 'avail')).output).toContain('in use');
    expect((await supervisorctl(scratch, 'maintail')).output).toContain("spawned: 'web' with pid");
    expect((await supervisorctl(scratch, 'reload')).output).toBe('Restarted supervisord\n');
    await eventually('the daemon to be back', () => scratch.supervisor.isRunning());
    expect(await stateOf(scratch, 'web:web')).toBe('STOPPED');
  });

  it('follows a log across its rotation', async () => {
    await using scratch = await started(
      program(
        'loud',
        'while read line; do echo $line; done',
        `startsecs=0\nstdout_logfile_maxbytes=20\nstdout_logfile_backups=1\nstdout_logfile=@ROOT@/loud.log`,
      ),
    );
    const file = path.join(supervisorPaths(scratch.instanceRoot).includeDirectory, 'test.conf');
    await writeFile(file, (await readFile(file, 'utf8')).replace('@ROOT@', scratch.instanceRoot));
    await supervisorctl(scratch, 'update');
    await supervisorctl(scratch, 'start', 'loud');
    const say = (words: string): Promise<unknown> => call(scratch, 'sendProcessStdin', ['loud', `${words}\n`]);
    await say('first words');
    await eventually('the log', async () => (await supervisorctl(scratch, 'tail', 'loud')).output.includes('first'));
    const follower = spawn('supervisorctl', [
      '-c',
      supervisorPaths(scratch.instanceRoot).configuration,
      'tail',
      '-f',
      'loud',
    ]);
    let seen = '';
    follower.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    try {
      await eventually('the beginning', async () => seen.includes('first words'));
      await say('second words');
      await eventually('what comes after the rotation', async () => seen.includes('second words'));
      expect(await readFile(path.join(scratch.instanceRoot, 'loud.log.1'), 'utf8')).toBe('first words\n');
    } finally {
      follower.kill('SIGINT');
    }
  });
});

describe('the life of a process', () => {
  it('is tried again, and given up', async () => {
    await using scratch = await started(program('bad', 'exit 1', 'startretries=1'));
    expect((await supervisorctl(scratch, 'start', 'bad')).output).toBe('bad: ERROR (spawn error)\n');
    await untilState(scratch, 'bad:bad', 'FATAL');
    const log = await readFile(supervisorPaths(scratch.instanceRoot).log, 'utf8');
    expect(log.match(/exited: bad \(exit status 1; not expected\)/g)).toHaveLength(2);
    expect(log).toContain('gave up: bad entered FATAL state');
  });

  it('begins again after an unexpected end, and not after an expected one', async () => {
    await using scratch = await started(
      program('again', 'exec sleep 600', 'startsecs=0\nautorestart=unexpected\nexitcodes=0') +
        program('once', 'exit 0', 'startsecs=0\nautorestart=unexpected\nexitcodes=0'),
    );
    await supervisorctl(scratch, 'start', 'all');
    const first = (await scratch.supervisor.processInfo('again:again'))?.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await eventually('another pid', async () => {
      const info = await scratch.supervisor.processInfo('again:again');
      return info?.stateName === 'RUNNING' && info.pid !== first;
    });
    expect(await stateOf(scratch, 'once:once')).toBe('EXITED');
  });

  it('ends with its children; who ignores TERM is killed after stopwaitsecs', async () => {
    await using scratch = await started(
      program(
        'stubborn',
        'trap "" TERM; sleep 600 & echo child $!; wait; sleep 600',
        'startsecs=0\nstopwaitsecs=1\nstopasgroup=true\nkillasgroup=true',
      ),
    );
    await supervisorctl(scratch, 'start', 'stubborn');
    await eventually('the child', async () =>
      (await supervisorctl(scratch, 'tail', 'stubborn')).output.includes('child'),
    );
    const child = Number(/child (\d+)/.exec((await supervisorctl(scratch, 'tail', 'stubborn')).output)?.[1]);
    expect(isProcessAlive(child)).toBe(true);
    expect((await supervisorctl(scratch, 'stop', 'stubborn')).output).toBe('stubborn: stopped\n');
    await eventually('the child to end', async () => !isProcessAlive(child));
    expect(await readFile(supervisorPaths(scratch.instanceRoot).log, 'utf8')).toContain("killing 'stubborn'");
  });

  it('has folder, umask, environment and nothing open but its streams', async () => {
    await using scratch = await started(
      program(
        'look',
        'pwd; umask; echo $GREETING; ls -m /proc/$$/fd; exec sleep 600',
        'startsecs=0\ndirectory=/usr\numask=027\nredirect_stderr=true\nenvironment=GREETING="hello, 100%% world"',
      ),
    );
    await supervisorctl(scratch, 'start', 'look');
    await eventually('output', async () => (await supervisorctl(scratch, 'tail', 'look')).output.includes('0, 1, 2'));
    expect((await supervisorctl(scratch, 'tail', 'look')).output).toContain('/usr\n0027\nhello, 100% world\n0, 1, 2\n');
  });

  it('of a file that cannot be run ends with status 127, or is refused', async () => {
    await using scratch = await started(
      '[program:none]\ncommand=/nowhere/x\nautostart=false\n[program:text]\ncommand=@FILE@\nautostart=false\nautorestart=false\nstartsecs=0\nredirect_stderr=true\n',
    );
    const text = path.join(scratch.instanceRoot, 'text');
    await writeFile(text, 'echo a shell must not run this\n', { mode: 0o755 });
    const file = path.join(supervisorPaths(scratch.instanceRoot).includeDirectory, 'test.conf');
    await writeFile(file, (await readFile(file, 'utf8')).replace('@FILE@', text));
    await supervisorctl(scratch, 'update');
    expect(await supervisorctl(scratch, 'start', 'none')).toEqual({
      status: 1,
      output: 'none: ERROR (no such file)\n',
    });
    await supervisorctl(scratch, 'start', 'text');
    await untilState(scratch, 'text:text', 'EXITED');
    expect(await scratch.supervisor.processInfo('text:text')).toMatchObject({ exitStatus: 127 });
    expect((await supervisorctl(scratch, 'tail', 'text')).output).toContain(`couldn't exec ${text}: ENOEXEC`);
    await chmod(text, 0o644);
    expect(await supervisorctl(scratch, 'start', 'text')).toEqual({
      status: 1,
      output: 'text: ERROR (file is not executable)\n',
    });
  });
});

describe('a daemon', () => {
  it('ends although a leftover of a service holds its output', async () => {
    await using scratch = await started(program('web', 'sleep 30 & exec sleep 600', 'startsecs=0'));
    await supervisorctl(scratch, 'start', 'web');
    const daemon = Number(await readFile(supervisorPaths(scratch.instanceRoot).pid, 'utf8'));
    await scratch.supervisor.shutdown();
    expect(isProcessAlive(daemon)).toBe(false);
  });

  it('that was killed leaves its services; the next one starts no second copy', async () => {
    await using scratch = await started(program('web', 'trap "" PIPE; exec sleep 600', 'startsecs=0\nstartretries=0'));
    await supervisorctl(scratch, 'start', 'web');
    const pid = (await scratch.supervisor.processInfo('web:web'))?.pid ?? 0;
    const daemon = Number(await readFile(supervisorPaths(scratch.instanceRoot).pid, 'utf8'));
    process.kill(daemon, 'SIGKILL');
    await eventually('the daemon to be gone', async () => !isProcessAlive(daemon));
    expect(isProcessAlive(pid)).toBe(true);
    await scratch.supervisor.ensureRunning();
    expect(await readFile(supervisorPaths(scratch.instanceRoot).log, 'utf8')).toContain(
      `web:web still runs as pid ${String(pid)}`,
    );
    expect((await supervisorctl(scratch, 'start', 'web')).output).toBe('web: ERROR (spawn error)\n');
    expect((await scratch.supervisor.processInfo('web:web'))?.spawnError).toContain(`kill -- -${String(pid)}`);
    process.kill(-pid, 'SIGKILL');
    await eventually('the old copy to be gone', async () => !isProcessAlive(pid));
    expect((await supervisorctl(scratch, 'start', 'web')).output).toBe('web: started\n');
  });

  it('whose folder was removed still ends its services, and itself', async () => {
    await using scratch = await started(program('web', 'exec sleep 600', 'startsecs=0'));
    await supervisorctl(scratch, 'start', 'web');
    const pid = (await scratch.supervisor.processInfo('web:web'))?.pid ?? 0;
    const daemon = Number(await readFile(supervisorPaths(scratch.instanceRoot).pid, 'utf8'));
    await rm(scratch.instanceRoot, { recursive: true });
    process.kill(daemon, 'SIGTERM');
    await eventually('its end', async () => !isProcessAlive(daemon));
    expect(isProcessAlive(pid)).toBe(false);
  });

  it('refuses to run beside another one, and says why', async () => {
    await using scratch = await started('');
    const second = await run(process.execPath, [
      DAEMON_FILE,
      '-c',
      supervisorPaths(scratch.instanceRoot).configuration,
    ]).catch((error: unknown) => error as { code: number; stderr: string });
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('already listening') as string });
    expect(await scratch.supervisor.isRunning()).toBe(true);
  });

  it('takes nothing from a configuration that it cannot read, and names what is wrong', async () => {
    await using scratch = await started(program('web', 'exec sleep 600'));
    const file = path.join(supervisorPaths(scratch.instanceRoot).includeDirectory, 'test.conf');
    await writeFile(file, '[program:web]\ncommand=x\nstartsecs=soon\n');
    await expect(scratch.supervisor.update()).rejects.toMatchObject({
      faultCode: 92,
      message: expect.stringMatching(/startsecs of \[program:web\].*"soon"/) as string,
    });
    expect(await stateOf(scratch, 'web:web')).toBe('STOPPED');
  });

  it.each([
    ['without a file', [], 2, /requires argument/],
    ['with an unknown option', ['--nonsense'], 2, /--nonsense not recognized/],
    ['with a missing file', ['-c', '/nowhere/x.conf'], 2, /could not find or read config file \/nowhere\/x\.conf/],
  ])('%s says so', async (_, args, code, message) => {
    const failure = await run(process.execPath, [DAEMON_FILE, ...args]).catch(
      (error: unknown) => error as { code: number; stderr: string },
    );
    expect(failure).toMatchObject({ code, stderr: expect.stringMatching(message) as string });
  });

  it('has a socket that only its user can open, and answers 400 to nonsense', async () => {
    await using scratch = await started('');
    const { socket } = supervisorPaths(scratch.instanceRoot);
    expect((await stat(socket)).mode & 0o777).toBe(0o700);
    expect(await post(socket, 'nonsense')).toMatchObject({ status: 400 });
    expect(
      await post(socket, '<!DOCTYPE x [<!ENTITY e "x">]><methodCall><methodName>&e;</methodName></methodCall>'),
    ).toMatchObject({ status: 400 });
    for (const name of ['nope', 'supervisor.__class__', 'supervisor.a.b', 'supervisor._update', '__proto__.x']) {
      expect((await post(socket, `<methodCall><methodName>${name}</methodName></methodCall>`)).body).toContain(
        '<int>1</int>',
      );
    }
    expect(
      (
        await post(
          socket,
          '<methodCall><methodName>supervisor.getState</methodName><params><param><value>x</value></param></params></methodCall>',
        )
      ).body,
    ).toContain('INCORRECT_PARAMETERS');
  });

  it('answers for a thousand processes at once', async () => {
    const many = Array.from({ length: 200 }, (_, index) => {
      const names = Array.from({ length: 5 }, (__, number) => `g${String(index)}_${String(number)}`);
      return `[group:g${String(index)}]\nprograms=${names.join(',')}\n${names.map((name) => program(name, 'exec sleep 600', 'stdout_logfile=NONE\nstderr_logfile=NONE')).join('')}`;
    });
    await using scratch = await started(many.join('\n'));
    expect(await scratch.supervisor.allProcessInfo()).toHaveLength(1001);
  });
});

describe('a listener', () => {
  const LISTENER = `[eventlistener:ears]\nevents=PROCESS_STATE_EXITED\nstderr_logfile=@ROOT@/ears.log\ncommand=/bin/sh @ROOT@/ears.sh\n`;

  async function withListener(script: string, programs: string): Promise<Scratch> {
    const scratch = await Scratch.create('embedded');
    await writeFile(path.join(scratch.instanceRoot, 'ears.sh'), script);
    await writeFile(
      path.join(supervisorPaths(scratch.instanceRoot).includeDirectory, 'test.conf'),
      LISTENER.replaceAll('@ROOT@', scratch.instanceRoot) + programs,
    );
    await scratch.supervisor.ensureRunning();
    return scratch;
  }

  it('gets the recorded bytes for an exit', async () => {
    await using scratch = await withListener(
      'printf "READY\\n"; read header; echo "$header" >&2; head -c 60 >&2; printf "RESULT 2\\nOKREADY\\n"; exec sleep 600',
      program('web', 'exit 3', 'startsecs=0\nautorestart=false'),
    );
    await untilState(scratch, 'ears:ears', 'RUNNING');
    await supervisorctl(scratch, 'start', 'web');
    const log = path.join(scratch.instanceRoot, 'ears.log');
    await eventually('the event', async () => (await readFile(log, 'utf8').catch(() => '')).includes('processname'));
    expect(await readFile(log, 'utf8')).toMatch(
      /^ver:3\.0 server:supervisor serial:0 pool:ears poolserial:0 eventname:PROCESS_STATE_EXITED len:\d+\nprocessname:web groupname:web from_state:RUNNING expected:0/,
    );
  });

  it.each([
    ['talks nonsense', 'while :; do echo nonsense; sleep 0.1; done'],
    ['is silent', 'exec sleep 600'],
    ['answers wrongly', 'printf "READY\\n"; read header; printf "WHAT\\n"; exec sleep 600'],
  ])(
    'that %s disturbs nobody',
    async (_, script) => {
      await using scratch = await withListener(script, program('web', 'exit 3', 'startsecs=0\nautorestart=false'));
      for (let round = 0; round < 12; round += 1) {
        await supervisorctl(scratch, 'start', 'web');
        await untilState(scratch, 'web:web', 'EXITED');
      }
      expect(await scratch.supervisor.isRunning()).toBe(true);
    },
    60_000,
  );
});

describe('a log in a folder of a tenant', () => {
  const isRoot = process.geteuid?.() === 0;

  it.each(['symbolic link', 'hard link', 'FIFO', 'folder'])(
    'that is a %s leaves what it points at, and the service runs',
    async (kind) => {
      await using scratch = await Scratch.create('embedded');
      const user = await serviceUser();
      const victim = path.join(scratch.instanceRoot, 'victim');
      const folder = await scratch.partition('tenant');
      const log = path.join(folder, 'service.log');
      await writeFile(victim, 'untouched');
      if (kind === 'symbolic link') await symlink(victim, log);
      else if (kind === 'hard link') await link(victim, log);
      else if (kind === 'folder') await mkdir(log);
      else await run('mkfifo', [log]);
      if (isRoot && kind !== 'symbolic link' && kind !== 'hard link') await chown(log, user.uid, user.gid);
      await writeFile(
        path.join(supervisorPaths(scratch.instanceRoot).includeDirectory, 'test.conf'),
        program('web', 'echo spoken; exec sleep 600', `startsecs=0\nuser=${user.name}\nstdout_logfile=${log}`),
      );
      await scratch.supervisor.ensureRunning();
      await supervisorctl(scratch, 'start', 'web');
      await eventually('the output', async () =>
        (await supervisorctl(scratch, 'tail', 'web')).output.includes('spoken'),
      );
      expect(await stateOf(scratch, 'web:web')).toBe('RUNNING');
      expect(await readFile(victim, 'utf8')).toBe('untouched');
      expect(await readFile(supervisorPaths(scratch.instanceRoot).log, 'utf8')).toContain('cannot log to');
      await rm(victim);
    },
  );
});

function post(socketPath: string, body: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { socketPath, path: '/RPC2', method: 'POST', headers: { 'Content-Length': Buffer.byteLength(body) } },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode, body: text }));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

async function call(scratch: Scratch, method: string, parameters: readonly string[]): Promise<unknown> {
  const values = parameters.map((text) => `<param><value><string>${text}</string></value></param>`).join('');
  return post(
    supervisorPaths(scratch.instanceRoot).socket,
    `<methodCall><methodName>supervisor.${method}</methodName><params>${values}</params></methodCall>`,
  );
}
