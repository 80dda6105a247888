import os from 'node:os';
import type { PassEvent, PassObserver } from '@slapos/grid';
import type { Progress, ProgressItem } from '../console/progress.js';
import { marksFor } from '../console/terminal.js';
import { shortUrls } from './short-urls.js';

const FAILURES: ReadonlySet<string> = new Set(['failed', 'missing', 'promise-failed']);
/** Where nothing is done, a line each is worth its place only while they are few. */
const FEW = 10;
const ENDINGS: Readonly<Record<string, string>> = { downloaded: 'from binary cache' };
const STEPS: Readonly<Record<string, string>> = { build: 'buildout' };

/** Tells several observers of each event. */
export function toAll(...observers: readonly PassObserver[]): PassObserver {
  return (event) => {
    for (const observer of observers) observer(event);
  };
}

/** Behind the numbers of a pass: how many things it works on at a time, `jobs 4`. */
export function jobsNote(jobs: number | undefined): string {
  return `jobs ${String(jobs ?? os.availableParallelism())}`;
}

/** Shows the events of a pass as the progress of what it works on (spec: ux-ideas §9). */
export function passProgress(progress: Progress, environment: NodeJS.ProcessEnv = process.env): PassObserver {
  const view = new PassView(progress, marksFor(environment).arrow);
  return (event) => {
    progress.event(event);
    view.show(event);
  };
}

/** What is known of the promises of one partition. */
interface PromiseCount {
  readonly total: number;
  ended: number;
  failed: string | undefined;
}

class PassView {
  readonly #progress: Progress;
  readonly #arrow: string;
  /** Titles of what was planned, by id. */
  readonly #planned = new Map<string, string>();
  readonly #shown = new Set<string>();
  readonly #promises = new Map<string, PromiseCount>();
  /** Those that have come to their end without a line of their own. */
  #endedUnseen = 0;
  #shorten: ((url: string) => string) | undefined;

  constructor(progress: Progress, arrow: string) {
    this.#progress = progress;
    this.#arrow = arrow;
  }

  show(event: PassEvent): void {
    switch (event.type) {
      case 'software.planned':
        this.#plan(event.software, '');
        break;
      case 'partition.planned':
        this.#plan(event.partition, event.title ?? '');
        break;
      case 'software.started':
        this.#begin(event.software, { detail: event.action });
        break;
      case 'partition.started':
        this.#begin(event.partition, {});
        break;
      case 'software.part': {
        const total = event.estimatedTotal === undefined ? '' : `/~${String(event.estimatedTotal)}`;
        this.#set(event.software, { detail: `building part ${String(event.index)}${total} ${event.part}` });
        break;
      }
      case 'partition.step':
        if (event.count !== undefined)
          this.#promises.set(event.partition, { total: event.count, ended: 0, failed: undefined });
        this.#set(event.partition, { detail: this.#step(event.partition, event.step), tail: undefined });
        break;
      case 'promise.finished':
        this.#count(event.partition, event.ok ? undefined : event.promise);
        break;
      case 'software.output':
        this.#set(event.software, { tail: event.line });
        break;
      case 'partition.output':
        this.#set(event.partition, { tail: event.line });
        break;
      case 'software.finished':
        this.#end(event.software, event);
        break;
      case 'partition.finished':
        this.#end(event.partition, event);
        break;
      default:
        break;
    }
  }

  #plan(id: string, title: string): void {
    this.#planned.set(id, title);
    this.#progress.total(this.#planned.size, this.#endedUnseen);
  }

  #begin(id: string, item: Partial<ProgressItem>): void {
    this.#shown.add(id);
    this.#progress.set(id, { label: this.#label(id), state: 'running', ...item });
  }

  #set(id: string, item: Partial<ProgressItem>): void {
    if (this.#shown.has(id)) this.#progress.set(id, item);
  }

  #step(id: string, step: string): string {
    const promises = step === 'promises' ? this.#promises.get(id) : undefined;
    if (promises === undefined) return STEPS[step] ?? step;
    const { ended, total, failed } = promises;
    return `promises ${String(ended)}/${String(total)}${failed === undefined ? '' : ` (${failed} failed)`}`;
  }

  #count(id: string, failed: string | undefined): void {
    const promises = this.#promises.get(id);
    if (promises === undefined) return;
    promises.ended += 1;
    promises.failed ??= failed;
    this.#set(id, { detail: this.#step(id, 'promises') });
  }

  #end(
    id: string,
    event: {
      readonly outcome: string;
      readonly message?: string;
      readonly logPath?: string;
    },
  ): void {
    const { outcome, message, logPath } = event;
    const isFailure = FAILURES.has(outcome);
    if (!this.#shown.has(id)) {
      if (!isFailure && this.#planned.size > FEW) {
        this.#endedUnseen += 1;
        this.#progress.total(this.#planned.size, this.#endedUnseen);
        return;
      }
      this.#begin(id, {});
    }
    const why = message?.split('\n', 1)[0] ?? ENDINGS[outcome] ?? outcome;
    const where = isFailure && logPath !== undefined ? ` ${this.#arrow} ${logPath}` : '';
    this.#progress.set(id, { state: isFailure ? 'failed' : 'ok', detail: `${why}${where}`, tail: undefined });
  }

  /** All that is planned is known before the first of it begins, so the columns fit. */
  #label(id: string): string {
    const ids = [...this.#planned.keys()];
    if (/^[a-z][a-z0-9+.-]*:/iu.test(id)) return (this.#shorten ??= shortUrls(ids))(id);
    const widest = (texts: Iterable<string>): number => Math.max(0, ...[...texts].map((text) => text.length));
    const title = (this.#planned.get(id) ?? '').padEnd(Math.min(FEW * 2, widest(this.#planned.values())));
    return `${id.padEnd(widest(ids))}  ${title}`.trimEnd();
  }
}
