import { UntrustedDirectory, writeFileAtomically } from '@slapos/host';
import type { z } from 'zod';

import { ManagerError } from '../errors.js';

const MODE = 0o600;
const MAX_BYTES = 64 * 1024 * 1024;

/** What a manager remembers, in a file of root's. Changes are made one after the other, also by partitions that are dealt with side by side. */
export class StateFile<State> {
  readonly #directory: string;
  readonly #name: string;
  readonly #schema: z.ZodType<State>;
  readonly #initial: State;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(directory: string, name: string, schema: z.ZodType<State>, initial: State) {
    this.#directory = directory;
    this.#name = name;
    this.#schema = schema;
    this.#initial = initial;
  }

  /** Calls `change` with what is remembered, and remembers what it returns before anybody else reads. */
  async update(change: (state: State) => State | Promise<State>): Promise<void> {
    const turn = this.#turn.then(async () => {
      const before = await this.#read();
      const after = await change(before);
      if (JSON.stringify(after) !== JSON.stringify(before))
        await writeFileAtomically(`${this.#directory}/${this.#name}`, JSON.stringify(after), { mode: MODE });
    });
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  async #read(): Promise<State> {
    await using folder = await UntrustedDirectory.open(this.#directory);
    const text = await folder.readText(this.#name, { maxBytes: MAX_BYTES });
    if (text === undefined) return this.#initial;
    try {
      return this.#schema.parse(JSON.parse(text));
    } catch (error) {
      throw new ManagerError('MANAGER_FAILED', `${this.#directory}/${this.#name} cannot be read`, {
        hint: 'Look at the file; without it the manager forgets what it has given to whom.',
        cause: error,
      });
    }
  }
}
