import { describe, expect, it } from 'vitest';
import { CommandLog } from '../output/log.js';
import { ConsoleStream } from './console-stream.js';
import { openLiveProgress } from './live-progress.js';
import { openProgress } from './progress.js';
import type { OutputStream } from './terminal.js';

const ESCAPE = '\u001b';

/** A terminal that remembers everything that was written to it. */
class Terminal implements OutputStream {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows: number;
  written = '';

  constructor(columns = 60, rows = 12) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): boolean {
    this.written += text;
    return true;
  }

  /** The lines that were drawn last, without what moves the cursor. */
  lastFrame(): string[] {
    const from = this.written.lastIndexOf('Partitions  ');
    const frame = this.written.slice(from).replaceAll(new RegExp(`${ESCAPE}\\[[0-9;?]*[A-Za-z]`, 'g'), '');
    return frame.split('\n').map((line) => line.replaceAll(/ {2,}(?:\d+ s|\d+:\d\d)$/g, '   TIME').trimEnd());
  }
}

function logOn(stream: OutputStream): CommandLog {
  const options = { level: 'info', showTime: false, colour: false, showStacks: false } as const;
  return new CommandLog(options, {}, 'slapos', { console: new ConsoleStream(stream), file: undefined });
}

function open(terminal: Terminal, log = logOn(terminal), environment: NodeJS.ProcessEnv = { LANG: 'C.UTF-8' }) {
  return openLiveProgress({ title: 'Partitions', note: 'jobs 2', mode: 'tty', log }, environment);
}

describe('progress on a terminal', () => {
  it('shows what runs, what failed, and how many', () => {
    const terminal = new Terminal();
    {
      using progress = open(terminal);
      progress.total(3);
      progress.set('a', {
        label: 'slappart0  web',
        state: 'running',
        detail: 'buildout',
        tail: 'gcc \u001b[31m-o\u0007 x',
      });
      progress.set('b', { label: 'slappart1  db', state: 'failed', detail: 'buildout failed' });
    }
    const [heading, running, tail, failed] = terminal.lastFrame();
    expect(heading).toBe('Partitions  1/3   jobs 2   TIME');
    expect(running).toMatch(/^ [⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] slappart0 {2}web {3}buildout {3}TIME$/);
    expect(tail).toBe('      | gcc -o\\x07 x');
    expect(failed).toBe(' ✖ slappart1  db    buildout failed');
  });

  it('does with ASCII where the locale has no more', () => {
    const terminal = new Terminal();
    {
      using progress = open(terminal, logOn(terminal), { LANG: 'C' });
      progress.set('b', { label: 'db', state: 'ok' });
    }
    expect(terminal.lastFrame()[1]).toBe(' + db');
  });

  it('keeps lines of the log above', () => {
    const terminal = new Terminal();
    const log = logOn(terminal);
    {
      using progress = open(terminal, log);
      progress.set('a', { label: 'web', state: 'running' });
      log.info('Something happened');
      log.warn('Something else');
    }
    log.info('It is over');
    const plain = terminal.written.replaceAll(new RegExp(`${ESCAPE}\\[[0-9;?]*[A-Za-z]`, 'g'), '');
    expect(plain).toMatch(/INFO Something happened\n(?:.|\n)*WARNING Something else\n(?:.|\n)*INFO It is over\n$/);
    expect(terminal.lastFrame()[1]).toMatch(/web/);
  });

  it('fits into a small terminal: what failed stays, what waits goes first', () => {
    const terminal = new Terminal(40, 6);
    {
      using progress = open(terminal);
      for (let index = 0; index < 100; index += 1)
        progress.set(`w${index}`, { label: `waiting ${index}`, state: 'waiting' });
      progress.set('w50', { state: 'failed', detail: 'a reason that is much longer than the terminal is wide' });
      progress.set('w60', { state: 'running' });
    }
    const frame = terminal.lastFrame().filter((line) => line !== '');
    expect(frame.length).toBeLessThanOrEqual(4);
    expect(frame.some((line) => line.startsWith(' ✖ waiting 50') && line.endsWith('…'))).toBe(true);
    expect(frame.some((line) => line.includes('waiting 60'))).toBe(true);
    for (const line of frame) expect(line.length).toBeLessThanOrEqual(40);
  });
});

describe('other kinds of progress', () => {
  it('json writes an event a line, and nothing else', async () => {
    const terminal = new Terminal();
    {
      using progress = await openProgress({ title: 'x', mode: 'json', log: logOn(terminal) });
      progress.set('a', { state: 'running' });
      progress.event({ v: 1, type: 'pass.started' });
    }
    expect(terminal.written).toBe('{"v":1,"type":"pass.started"}\n');
  });

  it.each(['plain', 'none'] as const)('%s adds nothing to the log', async (mode) => {
    const terminal = new Terminal();
    {
      using progress = await openProgress({ title: 'x', mode, log: logOn(terminal) });
      progress.set('a', { state: 'failed' });
      progress.event({ v: 1 });
    }
    expect(terminal.written).toBe('');
  });

  it('auto is plain in a pipe', async () => {
    let written = '';
    const pipe: OutputStream = {
      write: (text) => {
        written += String(text);
        return true;
      },
    };
    using progress = await openProgress({ title: 'x', mode: 'auto', log: logOn(pipe) });
    progress.set('a', { state: 'running' });
    expect(written).toBe('');
  });
});
