import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { RecordingLogger } from '@slapos/host/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEvents, runWatchdog } from '../src/index.js';

const RECORDED_EVENT = path.join(import.meta.dirname, 'fixtures/supervisor-wire/event-process-state-exited.txt');

let instanceRoot: string;

beforeEach(async () => {
  instanceRoot = await mkdtemp(path.join(os.tmpdir(), 'slapos-watchdog-'));
});

afterEach(async () => {
  await rm(instanceRoot, { recursive: true });
});

function event(processName: string, groupName: string, name = 'PROCESS_STATE_EXITED'): string {
  const payload = `processname:${processName} groupname:${groupName} from_state:RUNNING expected:0 pid:15799`;
  return `ver:3.0 server:supervisor serial:0 pool:watchdog poolserial:0 eventname:${name} len:${Buffer.byteLength(payload)}\n${payload}`;
}

interface Outcome {
  readonly banged: string[];
  readonly answers: string;
  readonly logger: RecordingLogger;
}

async function watch(
  chunks: readonly (string | Uint8Array)[],
  options: { readonly instanceRoot?: string | undefined; readonly fails?: boolean } = { instanceRoot },
): Promise<Outcome> {
  const banged: string[] = [];
  const output = new PassThrough();
  const answers = text(output);
  const logger = new RecordingLogger();
  await runWatchdog({
    input: Readable.from(chunks.map((chunk) => Buffer.from(chunk))),
    output,
    bang: async (partitionId) => {
      if (options.fails === true) throw new Error('the master is away');
      banged.push(partitionId);
      return Promise.resolve();
    },
    logger,
    instanceRoot: options.instanceRoot,
  });
  output.end();
  return { banged, answers: await answers, logger };
}

async function partition(id: string, files: Readonly<Record<string, string>> = {}): Promise<void> {
  await mkdir(path.join(instanceRoot, id), { mode: 0o750 });
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(instanceRoot, id, name), content);
}

const bangFile = (id: string): Promise<string> =>
  readFile(path.join(instanceRoot, id, '.slapos_latest_bang_timestamp'), 'utf8');

describe('the protocol', () => {
  it('answers every event with OK, and is ready for the next', async () => {
    const { answers } = await watch([event('a', 'g'), event('b', 'g', 'TICK_5')], {});
    expect(answers).toBe('READY\nRESULT 2\nOKREADY\nRESULT 2\nOKREADY\n');
  });

  it('reads what a real supervisord sent', async () => {
    const recorded = await readFile(RECORDED_EVENT);
    const events = [];
    for await (const one of readEvents(Readable.from([recorded]))) events.push(one);
    expect(events).toEqual([expect.objectContaining({ name: expect.stringMatching(/^PROCESS_STATE_/) as string })]);
  });

  it('reads events that come in pieces, several at a time', async () => {
    const stream = Buffer.from(`${event('é-on-watch', 'slappart0')}${event('web-on-watch', 'slappart1')}`);
    const bytes = Array.from(stream, (byte) => Uint8Array.of(byte));
    expect((await watch(bytes, {})).banged).toEqual(['slappart0', 'slappart1']);
    expect((await watch([stream], {})).banged).toEqual(['slappart0', 'slappart1']);
  });

  it('takes a name with a colon for what it is', async () => {
    const payload = 'processname:a:b-on-watch groupname:slappart0 from_state:RUNNING';
    const header = `ver:3.0 eventname:PROCESS_STATE_FATAL len:${payload.length}\n`;
    expect((await watch([header + payload], {})).banged).toEqual(['slappart0']);
  });

  it.each([
    'hello\n',
    'ver:3.0 len:5\nabcde',
    'eventname:X len:-1\n',
    'eventname:X len:99999999999\n',
    'x'.repeat(70_000),
  ])('ends when it is not spoken: %.20j', async (input) => {
    await expect(watch([input], {})).rejects.toMatchObject({ code: 'SUPERVISOR_INVALID_ANSWER' });
  });
});

describe('what bangs', () => {
  it.each([
    ['web-on-watch', 'PROCESS_STATE_EXITED', true],
    ['web-on-watch', 'PROCESS_STATE_FATAL', true],
    ['web-on-watch', 'PROCESS_STATE_STOPPED', false],
    ['web', 'PROCESS_STATE_EXITED', false],
  ])('%s with %s: %s', async (program, name, bangs) => {
    await partition('slappart0');
    expect((await watch([event(program, 'slappart0', name)])).banged).toEqual(bangs ? ['slappart0'] : []);
  });

  it.each([
    ['never deployed', {}, true, '0'],
    ['never deployed, and banged', { '.slapos_latest_bang_timestamp': '0' }, false, '0'],
    ['deployed', { '.timestamp': '1763874000' }, true, '1763874000'],
    [
      'deployed, and banged since',
      { '.timestamp': '1763874000', '.slapos_latest_bang_timestamp': '1763874000' },
      false,
      '1763874000',
    ],
    [
      'deployed anew since it banged',
      { '.timestamp': '1763874001', '.slapos_latest_bang_timestamp': '1763874000' },
      true,
      '1763874001',
    ],
    ['with a record that is none', { '.timestamp': '5', '.slapos_latest_bang_timestamp': 'x' }, true, '5'],
  ])('a partition that is %s', async (_, files, bangs, noted) => {
    await partition('slappart0', files);
    const { banged } = await watch([event('web-on-watch', 'slappart0')]);
    expect(banged).toEqual(bangs ? ['slappart0'] : []);
    expect(await bangFile('slappart0')).toBe(noted);
  });

  it('bangs once for several exits', async () => {
    await partition('slappart0', { '.timestamp': '7' });
    const one = event('web-on-watch', 'slappart0');
    expect((await watch([one, one, one])).banged).toEqual(['slappart0']);
  });
});

describe('a failure', () => {
  it('of the master is logged, noted nowhere, and tried again at the next exit', async () => {
    await partition('slappart0');
    const one = event('web-on-watch', 'slappart0');
    const { answers, logger } = await watch([one, one], { instanceRoot, fails: true });
    expect(answers).toBe('READY\nRESULT 2\nOKREADY\nRESULT 2\nOKREADY\n');
    expect(logger.records.filter(({ level }) => level === 'error')).toHaveLength(2);
    expect((await watch([one])).banged).toEqual(['slappart0']);
  });

  it('of one partition leaves the others watched', async () => {
    await partition('slappart1');
    const names = ['missing', '../escape', 'slappart1'].map((group) => event('web-on-watch', group));
    expect((await watch(names)).banged).toEqual(['slappart1']);
  });

  it('no link that a tenant planted is followed', async () => {
    await partition('slappart0');
    const target = path.join(instanceRoot, 'target');
    await writeFile(target, 'untouched');
    await chmod(target, 0o600);
    await symlink(target, path.join(instanceRoot, 'slappart0/.slapos_latest_bang_timestamp'));
    await watch([event('web-on-watch', 'slappart0')]);
    expect(await readFile(target, 'utf8')).toBe('untouched');
  });
});
