import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { PassEvent } from '@slapos/grid';
import { writeFileAtomically } from '@slapos/host';

/** Below the instance root. */
const STATE_FILE = 'var/run/slapos-pass.json';
const LEAST_INTERVAL_MS = 1_000;
const STATE_MODE = 0o644;

/** How far the last pass is, or how it ended, as others on the machine can read it (spec: ux-ideas §9). */
export interface PassState {
  readonly pass: PassEvent['passName'];
  readonly passId: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly updatedAt: string;
  /** How many things it works on, and how many of them have come to an end. */
  readonly planned: number;
  readonly finished: number;
  /** What is being worked on: releases or partitions. */
  readonly working: readonly string[];
  /** Once it has ended. */
  readonly outcome?: string;
  readonly counts?: Readonly<Record<string, number>>;
}

/** Keeps the state of a pass in a file, at most once a second; that it cannot be written ends nothing. */
export class PassStateFile {
  readonly #file: string;
  readonly #planned = new Set<string>();
  readonly #finished = new Set<string>();
  readonly #working = new Set<string>();
  #state: PassState | undefined;
  #writtenAtMs = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(instanceRoot: string) {
    this.#file = path.join(instanceRoot, STATE_FILE);
  }

  observe(event: PassEvent): void {
    this.#note(event);
    const { passName: pass, passId, time } = event;
    const end = event.type === 'pass.finished' ? { outcome: event.outcome, counts: event.counts } : {};
    this.#state = {
      pass,
      passId,
      pid: process.pid,
      startedAt: this.#state?.startedAt ?? time,
      updatedAt: time,
      planned: this.#planned.size,
      finished: this.#finished.size,
      working: [...this.#working],
      ...end,
    };
    const nowMs = Date.now();
    if (event.type !== 'pass.finished' && nowMs - this.#writtenAtMs < LEAST_INTERVAL_MS) return;
    this.#writtenAtMs = nowMs;
    const text = `${JSON.stringify(this.#state)}\n`;
    this.#writing = this.#writing
      .then(() => writeFileAtomically(this.#file, text, { mode: STATE_MODE }))
      .catch(() => undefined);
  }

  /** Resolves when what was observed is in the file. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #note(event: PassEvent): void {
    const name = 'software' in event ? event.software : 'partition' in event ? event.partition : undefined;
    // What is said about a part of the work, such as a service, neither begins nor ends it.
    if (name === undefined || !/^(?:software|partition)\./.test(event.type)) return;
    if (event.type.endsWith('.planned')) this.#planned.add(name);
    if (event.type.endsWith('.started')) this.#working.add(name);
    if (event.type.endsWith('.finished')) {
      this.#working.delete(name);
      this.#finished.add(name);
    }
  }
}

/** The state of the last pass; `undefined` when none has run. */
export async function readPassState(instanceRoot: string): Promise<PassState | undefined> {
  try {
    return JSON.parse(await readFile(path.join(instanceRoot, STATE_FILE), 'utf8')) as PassState;
  } catch {
    return undefined;
  }
}
