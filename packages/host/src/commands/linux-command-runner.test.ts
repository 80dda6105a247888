import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { HostError } from '../errors.js';
import { LinuxUserDatabase } from '../users/linux-user-database.js';
import type { Command } from './command.js';
import { LinuxCommandRunner } from './linux-command-runner.js';
import { isProcessAlive } from './process-tree.js';

const runner = new LinuxCommandRunner({
  users: new LinuxUserDatabase(),
  environment: {
    TZ: 'UTC',
    AWS_SECRET_ACCESS_KEY: 'leaked',
    LD_PRELOAD: '/tmp/evil.so',
    http_proxy: 'http://proxy:3128',
  },
});

const shell = (script: string, options: Partial<Command> = {}): Command => ({
  file: 'sh',
  args: ['-c', script],
  ...options,
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'host-commands-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const code = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof HostError ? error.code : `no HostError: ${String(error)}`;
};

describe('results', () => {
  test('a status other than 0 is a result', async () => {
    expect(await runner.run(shell('echo out; echo err >&2; exit 7'))).toMatchObject({
      exitCode: 7,
      signal: null,
      output: 'out\nerr\n',
      stderr: '',
      timedOut: false,
    });
  });

  test('one stream keeps the order of writing', async () => {
    const { output } = await runner.run(shell('for i in 1 2 3 4 5 6 7 8; do echo o$i; echo e$i >&2; done'));
    expect(output.split('\n').slice(0, 4)).toEqual(['o1', 'e1', 'o2', 'e2']);
  });

  test('stderr can be kept apart', async () => {
    const lines: string[] = [];
    const result = await runner.run(
      shell('echo out; echo err >&2', {
        separateStderr: true,
        onLine: (line, stream) => lines.push(`${stream}:${line}`),
      }),
    );
    expect(result).toMatchObject({ output: 'out\n', stderr: 'err\n' });
    expect(lines.sort()).toEqual(['stderr:err', 'stdout:out']);
  });

  test('a signal is a result', async () => {
    expect(await runner.run(shell('kill -SEGV $$'))).toMatchObject({ exitCode: null, signal: 'SIGSEGV' });
  });

  test('input reaches the command, and its absence is the end of the input', async () => {
    expect((await runner.run({ file: 'cat', args: [], input: 'hello' })).output).toBe('hello');
    expect((await runner.run({ file: 'cat', args: [] })).output).toBe('');
    // More than a pipe holds, to a command that reads nothing.
    expect((await runner.run({ file: 'true', args: [], input: 'x'.repeat(1 << 20) })).exitCode).toBe(0);
  });

  test('arguments are never read by a shell', async () => {
    const hostile = ['$(id)', '`id`', '; id', '\n', '', '*', '"', "'", '\\', '-n'];
    const { output } = await runner.run({ file: 'printf', args: ['[%s]', ...hostile] });
    expect(output).toBe(hostile.map((argument) => `[${argument}]`).join(''));
  });

  test('a background process that holds the output does not hold us', async () => {
    const result = await runner.run(shell('sleep 300 & echo $!'));
    const pid = Number(result.output);
    expect(isProcessAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
    expect(result.durationMs).toBeLessThan(60_000);
  });

  test('killLeftovers ends what stayed in the session', async () => {
    const { output } = await runner.run(shell('sleep 300 & echo $!', { killLeftovers: true }));
    await expect.poll(() => isProcessAlive(Number(output))).toBe(false);
  });
});

describe('the environment', () => {
  test('is exactly the allowed one', async () => {
    const { output } = await runner.run({ file: 'env', args: [], env: { OWN: 'yes' } });
    const names = output
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
      .sort();
    const base = ['HOME', 'LANG', 'LOGNAME', 'OWN', 'PATH', 'PYTHONNOUSERSITE', 'SHELL', 'TZ', 'USER'];
    // Root's children get less.
    expect(names).toEqual(process.getuid?.() === 0 ? base : [...base, 'http_proxy'].sort());
  });

  test('is exactly what was asked for when it starts empty, also behind umask and one stream', async () => {
    const { output } = await runner.run({
      file: 'env',
      args: [],
      env: { ONLY: '1' },
      emptyEnvironment: true,
      umask: 0o027,
    });
    expect(output).toBe('ONLY=1\n');
  });

  test('refuses names that are no names', async () => {
    for (const env of [{ 'A=B': '1' }, { '': '1' }, { A: 'x\0y' }]) {
      expect(await code(runner.run({ file: 'env', args: [], env }))).toBe('HOST_INVALID_ARGUMENT');
    }
  });
});

describe('starting', () => {
  test.each([
    ['no-such-program-at-all', 'HOST_COMMAND_NOT_FOUND'],
    ['/no/such/program', 'HOST_COMMAND_NOT_FOUND'],
    ['/etc/passwd', 'HOST_COMMAND_FAILED_TO_START'],
    ['/tmp', 'HOST_COMMAND_FAILED_TO_START'],
    ['bin/sh', 'HOST_INVALID_ARGUMENT'],
    ['', 'HOST_INVALID_ARGUMENT'],
    ['sh\0', 'HOST_INVALID_ARGUMENT'],
  ])('%j is an error', async (file, expected) => {
    expect(await code(runner.run({ file, args: [] }))).toBe(expected);
  });

  test('an interpreter that does not exist is an error, not a result', async () => {
    const script = path.join(folder, 'bad-interpreter');
    await writeFile(script, '#!/no/such/interpreter\n', { mode: 0o755 });
    expect(await code(runner.run({ file: script, args: [] }))).toBe('HOST_COMMAND_FAILED_TO_START');
  });

  test('a folder that does not exist is named', async () => {
    await expect(runner.run({ file: 'true', args: [], cwd: '/no/such/folder' })).rejects.toThrow('"/no/such/folder"');
  });

  test('arguments that are too long are an error', async () => {
    const args = Array.from({ length: 100 }, () => 'x'.repeat(100_000));
    expect(await code(runner.run({ file: 'true', args }))).toBe('HOST_COMMAND_FAILED_TO_START');
  });

  test('has its own session, the umask, and only three descriptors', async () => {
    const { output } = await runner.run(
      shell('umask; ls /proc/self/fd | wc -w; ps -o sid= -p $$; echo $$', { umask: 0o027 }),
    );
    const [umask, , session, pid] = output.split('\n').map((line) => line.trim());
    expect(umask).toBe('0027');
    expect(session).toBe(pid);
  });
});

describe('ending', () => {
  test('a time-out ends everything, also what ignores TERM and what left the session', async () => {
    const script = `trap '' TERM; (trap '' TERM; sleep 301) & a=$!; setsid sleep 302 & echo ready $a $!; sleep 303`;
    let line = '';
    const result = await runner.run(
      shell(script, { timeoutMs: 2000, killGraceMs: 100, onLine: (text) => (line = text) }),
    );
    expect(result).toMatchObject({ timedOut: true, exitCode: null, signal: 'SIGKILL' });
    const pids = line.replace('ready ', '').split(' ').map(Number);
    expect(pids).toHaveLength(2);
    for (const pid of pids) await expect.poll(() => isProcessAlive(pid)).toBe(false);
  });

  test('a command that obeys TERM ends by it', async () => {
    const result = await runner.run({ file: 'sleep', args: ['300'], timeoutMs: 200 });
    expect(result).toMatchObject({ timedOut: true, signal: 'SIGTERM' });
  });

  test('an abort kills and then rejects', async () => {
    const controller = new AbortController();
    let pid = 0;
    const run = runner.run(
      shell('echo $$; sleep 300', {
        onLine: (line) => {
          pid = Number(line);
          controller.abort(new Error('asked to'));
        },
      }),
      { signal: controller.signal },
    );
    expect(await code(run)).toBe('HOST_COMMAND_ABORTED');
    expect(isProcessAlive(pid)).toBe(false);
  });

  test('an aborted signal starts nothing', async () => {
    expect(await code(runner.run(shell('exit 0'), { signal: AbortSignal.abort() }))).toBe('HOST_COMMAND_ABORTED');
  });

  test('a listener that throws stops the command and its error comes out', async () => {
    const run = runner.run(
      shell('echo x; sleep 300', {
        onLine: () => {
          throw new Error('from the listener');
        },
      }),
    );
    await expect(run).rejects.toThrow('from the listener');
  });
});

describe('output', () => {
  test('is bounded: first 64 kB, last 1 MB', async () => {
    const { output } = await runner.run({ file: 'seq', args: ['1', '1000000'] });
    expect(output.startsWith('1\n2\n3\n')).toBe(true);
    expect(output.endsWith('\n999999\n1000000\n')).toBe(true);
    expect(output).toMatch(/\[… \d+ characters left out …\]/);
    expect(output.length).toBeLessThan(1.2 * 1024 * 1024);
  });

  test('can be whole, for parsing', async () => {
    const { output } = await runner.run({ file: 'seq', args: ['1', '300000'], keepOutput: 'whole' });
    expect(output.split('\n')).toHaveLength(300_001);
  });

  test('a line without an end is handed on in pieces: nothing is lost, and memory is bounded', async () => {
    let count = 0;
    let longest = 0;
    const { output } = await runner.run(
      shell('head -c 20000000 /dev/zero | tr "\\0" x', {
        onLine: (line) => {
          count += line.replace(' [… line goes on]', '').length;
          longest = Math.max(longest, line.length);
        },
      }),
    );
    expect(count).toBe(20_000_000);
    expect(longest).toBe('x'.repeat(16_384).length + ' [… line goes on]'.length);
    expect(output.length).toBeLessThan(1.2 * 1024 * 1024);
  });

  test('bad UTF-8 is replaced and a character cut between chunks is not', async () => {
    const { output } = await runner.run(shell(`printf '\\303'; sleep 0.1; printf '\\251\\377\\n'`));
    expect(output).toBe('é\uFFFD\n');
  });
});
