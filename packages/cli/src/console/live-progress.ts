import { escapeControlCharacters } from '@slapos/host';
import { createLogUpdate } from 'log-update';
import stringWidth from 'string-width';
import { stripVTControlCharacters } from 'node:util';
import type { Progress, ProgressItem, ProgressOptions } from './progress.js';
import { cutTo } from '../output/table.js';
import { type Marks, marksFor, painted } from './terminal.js';

/** Often enough to look alive, seldom enough to cost nothing. */
const FRAME_MS = 100;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
/** The clock of the heading stands at the end of so many columns, where there are as many. */
const HEADING_COLUMNS = 72;
/** A column is not made wider than this for a single long text. */
const WIDEST_LABEL = 48;
/** Lines that stay free for the heading and the prompt. */
const SPARE_ROWS = 3;
const MILLISECONDS = 1000;
const SECONDS_PER_MINUTE = 60;

interface ShownItem extends ProgressItem {
  readonly since: number;
  /** How long it took, once it ended. */
  readonly tookMs: number | undefined;
}

/** Progress that is drawn again and again at the end of a terminal, below the log. */
export function openLiveProgress({ title, note, log }: ProgressOptions, environment: NodeJS.ProcessEnv): Progress {
  const marks = marksFor(environment);
  const { stream } = log.console;
  // Our own stream has what log-update uses of it.
  const update = createLogUpdate(stream as NodeJS.WriteStream);
  const items = new Map<string, ShownItem>();
  const startedAt = Date.now();
  let total: number | undefined;
  let unseen = 0;
  let frame = 0;
  let isOver = false;

  const lines = (): string[] => {
    const columns = stream.columns ?? DEFAULT_COLUMNS;
    const room = Math.max(1, (stream.rows ?? DEFAULT_ROWS) - SPARE_ROWS);
    const ended = [...items.values()].filter(({ tookMs }) => tookMs !== undefined).length;
    const count = Math.max(total ?? 0, items.size + unseen);
    const facts = [`${title}  ${ended + unseen}/${count}`, ...(note === undefined ? [] : [note])].join('   ');
    const clock = stopwatch(Date.now() - startedAt);
    const gap = Math.max(2, Math.min(columns, HEADING_COLUMNS) - stringWidth(facts) - clock.length);
    const kept = chosen([...items.values()], room);
    const widths = columnWidths(kept);
    const shown = kept.flatMap((item) => itemLines(item, marks, frame, log.colour, widths));
    return [`${facts}${' '.repeat(gap)}${clock}`, ...shown]
      .slice(0, room + 1)
      .map((line) => cutTo(columns, line, stringWidth));
  };
  const region = {
    clear: (): void => {
      update.clear();
    },
    draw: (): void => {
      update(lines().join('\n'));
    },
  };
  const timer = setInterval(() => {
    frame += 1;
    region.draw();
  }, FRAME_MS);
  // What is shown keeps no command alive.
  timer.unref();
  log.console.attach(region);
  region.draw();

  return {
    set: (id, change) => {
      const before = items.get(id) ?? { label: id, state: 'waiting', since: Date.now(), tookMs: undefined };
      const item = { ...before, ...change };
      const begins = before.state === 'waiting' && item.state !== 'waiting';
      const since = begins ? Date.now() : before.since;
      const hasEnded = item.state === 'ok' || item.state === 'failed';
      items.set(id, { ...item, since, tookMs: hasEnded ? (before.tookMs ?? Date.now() - since) : undefined });
    },
    total: (count, endedUnseen = 0) => {
      total = count;
      unseen = endedUnseen;
    },
    event: () => undefined,
    [Symbol.dispose]: () => {
      // Whoever ends it early, so that what follows stands below it, has a scope that ends it again.
      if (isOver) return;
      isOver = true;
      clearInterval(timer);
      log.console.detach(region);
      region.draw();
      update.done();
    },
  };
}

/** What matters most when not all fit: what failed, then what runs, then what ended last, then what waits; shown in its own order. */
function chosen(items: readonly ShownItem[], room: number): ShownItem[] {
  if (items.length <= room) return [...items];
  const rank = ({ state }: ShownItem): number => ['failed', 'running', 'ok', 'waiting'].indexOf(state);
  const kept = new Set(
    items
      .map((item, index) => ({ item, index }))
      .sort((one, other) => rank(one.item) - rank(other.item) || other.index - one.index)
      .slice(0, room)
      .map(({ item }) => item),
  );
  return items.filter((item) => kept.has(item));
}

/** How wide labels and details are. */
interface ColumnWidths {
  readonly label: number;
  readonly detail: number;
}

function columnWidths(items: readonly ShownItem[]): ColumnWidths {
  const widest = (texts: readonly string[]): number =>
    Math.max(0, ...texts.map((text) => stringWidth(plain(text))).filter((width) => width <= WIDEST_LABEL));
  return {
    label: widest(items.map(({ label }) => label)),
    detail: widest(items.map(({ detail }) => detail ?? '')),
  };
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

function itemLines(item: ShownItem, marks: Marks, frame: number, colour: boolean, widths: ColumnWidths): string[] {
  const signs = {
    waiting: marks.waiting,
    running: marks.spinner[frame % marks.spinner.length] ?? '',
    ok: painted(colour, 'green', marks.ok),
    failed: painted(colour, 'red', marks.failed),
  } as const;
  // That something took no time is no news.
  const took =
    item.state === 'waiting' || (item.tookMs ?? MILLISECONDS) < MILLISECONDS
      ? ''
      : duration(item.tookMs ?? Date.now() - item.since);
  const detail = padded(plain(item.detail ?? ''), widths.detail);
  const details = detail === '' ? [] : [detail];
  const line = [` ${signs[item.state]} ${padded(plain(item.label), widths.label)}`, ...details, took]
    .join('   ')
    .trimEnd();
  return item.state === 'running' && item.tail !== undefined && item.tail !== ''
    ? [line, `      | ${plain(item.tail)}`]
    : [line];
}

/** Output of builds and names from outside, without what would drive the terminal (spec: security S20). */
function plain(text: string): string {
  return escapeControlCharacters(stripVTControlCharacters(text).replaceAll('\t', ' ').trimEnd());
}

/** `0:18` */
function stopwatch(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / MILLISECONDS);
  return `${Math.floor(seconds / SECONDS_PER_MINUTE)}:${String(seconds % SECONDS_PER_MINUTE).padStart(2, '0')}`;
}

function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / MILLISECONDS);
  const minutes = Math.floor(seconds / SECONDS_PER_MINUTE);
  return minutes === 0 ? `${seconds} s` : `${minutes} m ${String(seconds % SECONDS_PER_MINUTE).padStart(2, '0')} s`;
}
