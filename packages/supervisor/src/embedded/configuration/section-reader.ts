import os from 'node:os';
import { ConfigurationError } from './configuration-error.js';
import { type Expansions, expand } from './expand.js';
import { readBoolean, readByteSize, readInteger, readOctal } from './read-values.js';

/** The values of one section, expanded; unknown keys are ignored, as supervisord does. */
export class SectionReader {
  readonly name: string;
  readonly #options: ReadonlyMap<string, string>;
  readonly #expansions: Expansions;

  constructor(name: string, options: ReadonlyMap<string, string>, here: string, expansions: Expansions = {}) {
    this.name = name;
    this.#options = options;
    this.#expansions = { here, host_node_name: os.hostname(), ...environmentExpansions(), ...expansions };
  }

  /** The same section with more names to expand. */
  with(expansions: Expansions): SectionReader {
    return new SectionReader(this.name, this.#options, String(this.#expansions['here']), {
      ...this.#expansions,
      ...expansions,
    });
  }

  has(key: string): boolean {
    return this.#options.has(key);
  }

  optional(key: string): string | undefined {
    const value = this.#options.get(key);
    return value === undefined ? undefined : expand(value, this.#expansions, this.where(key));
  }

  text(key: string, fallback: string): string {
    return this.optional(key) ?? expand(fallback, this.#expansions, this.where(key));
  }

  required(key: string): string {
    const value = this.optional(key);
    if (value === undefined) throw new ConfigurationError(`section [${this.name}] does not specify a ${key}`);
    return value;
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.optional(key);
    return value === undefined ? fallback : readBoolean(value, this.where(key));
  }

  integer(key: string, fallback: number): number {
    const value = this.optional(key);
    return value === undefined ? fallback : readInteger(value, this.where(key));
  }

  bytes(key: string, fallback: number): number {
    const value = this.optional(key);
    return value === undefined ? fallback : readByteSize(value, this.where(key));
  }

  octal(key: string): number | undefined {
    const value = this.optional(key);
    return value === undefined ? undefined : readOctal(value, this.where(key));
  }

  where(key: string): string {
    return `${key} of [${this.name}]`;
  }
}

function environmentExpansions(): Expansions {
  // eslint-disable-next-line no-restricted-syntax -- %(ENV_X)s means the daemon's own environment.
  return Object.fromEntries(Object.entries(process.env).map(([name, value]) => [`ENV_${name}`, value ?? '']));
}
