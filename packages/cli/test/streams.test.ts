import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'slapos-streams-'));
  writeFileSync(path.join(folder, 'broken.cfg'), '[slapos]\nurl = http://me:hunter2@x/%20\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a reader that goes away', () => {
  it('ends the command quietly', async () => {
    const child = spawn(process.execPath, [SLAPOS_BIN, 'explain', '--output', 'table'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number | null]>]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('of the log ends nothing', async () => {
    const child = spawn(process.execPath, [SLAPOS_BIN, '-v', 'config', 'path'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.destroy();
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number | null]>]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '/etc/opt/slapos/slapos.cfg\n' });
  });
});

describe('log lines', () => {
  const words = ['-v', 'config', 'show', '--cfg'];

  it('are JSON objects when that is asked for, in the file, too', async () => {
    const log = path.join(folder, 'json.log');
    const { stderr } = await runSlapos([
      ...words,
      path.join(folder, 'broken.cfg'),
      '--log-format=json',
      '--log-file',
      log,
    ]);
    for (const content of [stderr, readFileSync(log, 'utf8')]) {
      const lines = content
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines[0]).toMatchObject({
        level: 'debug',
        logger: 'slapos',
        msg: expect.stringMatching(/^Loading config: /) as string,
      });
      expect(Object.keys(lines[0] ?? {})).toEqual(['time', 'level', 'logger', 'pid', 'msg']);
      expect(lines[1]).toMatchObject({
        level: 'error',
        msg: expect.stringContaining("'%' must be followed by") as string,
      });
      expect(lines[2]).toMatchObject({
        level: 'debug',
        code: 'CLI_CONFIGURATION',
        err: { message: expect.any(String) as string },
      });
      expect(content).not.toContain('hunter2');
    }
  });

  it('take their format from the environment, and the option wins', async () => {
    const json = await runSlapos([...words, '/nowhere'], { env: { SLAPOS_LOG_FORMAT: 'json' } });
    expect(json.stderr).toMatch(/^\{"time":/);
    const plain = await runSlapos([...words, '/nowhere', '--log-format', 'text'], {
      env: { SLAPOS_LOG_FORMAT: 'json' },
    });
    expect(plain.stderr).toMatch(/^\d{4}-/);
  });

  it('have priorities for the journal when standard error goes there', async () => {
    const file = path.join(folder, 'journal');
    const descriptor = openSync(file, 'a');
    const { dev, ino } = fstatSync(descriptor);
    const child = spawn(process.execPath, [SLAPOS_BIN, ...words, '/nowhere'], {
      env: { PATH: process.env['PATH'], JOURNAL_STREAM: `${dev}:${ino}` },
      stdio: ['ignore', 'ignore', descriptor],
    });
    await once(child, 'close');
    closeSync(descriptor);
    const content = readFileSync(file, 'utf8');
    expect(content).toMatch(
      /^<7>slapos DEBUG Loading config: \/nowhere\n<3>slapos ERROR Configuration file does not exist: \/nowhere\n<3> {6}/,
    );
    // Who inherits the variable, and not the stream, is not meant.
    const other = await runSlapos([...words, '/nowhere'], { env: { JOURNAL_STREAM: `${dev}:${ino}` } });
    expect(other.stderr).toMatch(/^\d{4}-/);
  });

  it('are coloured where that is wanted', async () => {
    const coloured = async (env: Record<string, string>, ...options: string[]): Promise<boolean> =>
      (await runSlapos([...words, '/nowhere', ...options], { env })).stderr.includes('\u001b[');
    expect(await coloured({})).toBe(false);
    expect(await coloured({}, '--color', 'always')).toBe(true);
    expect(await coloured({ FORCE_COLOR: '1' })).toBe(true);
    expect(await coloured({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
    expect(await coloured({ NO_COLOR: '1' }, '--color=always')).toBe(true);
    expect(await coloured({ FORCE_COLOR: '1' }, '--no-color')).toBe(false);
  });

  it('are chosen by --log-level', async () => {
    expect((await runSlapos(['config', 'path', '--log-level', 'error'])).stderr).toBe('');
    expect((await runSlapos(['config', 'path', '--log-level', 'info'])).stderr).toContain('It comes from');
  });
});

describe('a document', () => {
  it.each([
    [['config', 'show', '--cfg', '/nowhere', '--json'], 1, 'CLI_CONFIGURATION'],
    [['config', 'show', '--output', 'json', '--nonsense'], 2, 'CLI_USAGE'],
    [['config', 'check', '/nowhere', '--output=json'], 1, 'CLI_CONFIGURATION'],
  ])('is printed on failure, too: %j', async (words, exitCode, code) => {
    const outcome = await runSlapos(words);
    expect(outcome.exitCode).toBe(exitCode);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ apiVersion: 'slapos.cli/1', kind: 'Error', code, exitCode });
  });

  it('is the default where the environment says so', async () => {
    const { stdout } = await runSlapos(['explain', 'SLAP_NOT_READY'], { env: { SLAPOS_OUTPUT: 'json' } });
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'ErrorCode' });
  });
});

it('a log file that was moved away is begun again', async () => {
  const { LogFile } = await import('../src/console/log-file.js');
  const file = path.join(folder, 'rotated.log');
  let now = 0;
  const log = new LogFile(file, () => now);
  log.write('one');
  renameSync(file, `${file}.1`);
  now += 60_000;
  log.write('two');
  expect(readFileSync(`${file}.1`, 'utf8')).toBe('one\n');
  expect(readFileSync(file, 'utf8')).toBe('two\n');
});

it('SIGINT ends a server in an orderly way', async () => {
  const config = path.join(folder, 'proxy.cfg');
  writeFileSync(
    config,
    `[slapos]\ncomputer_id = c\n[slapproxy]\nport = 0\ndatabase_uri = ${path.join(folder, 'proxy.db')}\n`,
  );
  const child = spawn(process.execPath, [SLAPOS_BIN, 'proxy', 'start', '--cfg', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let story = '';
  let isTold = false;
  for await (const chunk of child.stderr) {
    story += String(chunk);
    if (!isTold && story.includes('Running on http')) isTold = child.kill('SIGINT');
  }
  const [code] = child.exitCode === null ? ((await once(child, 'exit')) as [number | null]) : [child.exitCode];
  expect(story).toContain('Received SIGINT: ending after the current step.');
  expect(code).toBe(0);
});
