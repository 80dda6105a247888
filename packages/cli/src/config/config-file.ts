import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CliError } from '../errors.js';
import { interpolatedSection, interpolatedValue } from './interpolate.js';
import { nonEmpty } from './non-empty.js';
import { parseConfig, type RawConfig } from './parse-config.js';

/** Which file a command reads: that of the node, or that of a client (spec: cli §1.4). */
export type ConfigFamily = 'node' | 'client';

const FAMILIES = {
  node: {
    variable: 'SLAPOS_CONFIGURATION',
    fallback: '/etc/opt/slapos/slapos.cfg',
    maker: 'slapos configure local makes a node with a master of its own, slapos node register one of a cloud.',
  },
  client: {
    variable: 'SLAPOS_CLIENT_CONFIGURATION',
    fallback: '~/.slapos/slapos-client.cfg',
    maker: 'slapos configure client makes one for a cloud; for a master of your own it is [slapos] and master_url.',
  },
} as const;

/** A configuration that was read. */
export class ConfigFile {
  readonly file: string;
  readonly #raw: RawConfig;

  constructor(raw: RawConfig) {
    this.#raw = raw;
    this.file = raw.file;
  }

  hasSection(name: string): boolean {
    return this.#raw.sections.has(name);
  }

  /** In the order of the file, without `[DEFAULT]`. */
  get sectionNames(): string[] {
    return [...this.#raw.sections.keys()];
  }

  /** The keys of a section, those of `[DEFAULT]` behind its own. */
  keys(section: string): string[] {
    const own = this.#raw.sections.get(section);
    return own === undefined ? [] : [...new Set([...own.keys(), ...this.#raw.defaults.keys()])];
  }

  /** The keys of a section with their values; empty when there is no such section. */
  section(name: string): Map<string, string> {
    return interpolatedSection(this.#raw, name);
  }

  value(section: string, key: string): string | undefined {
    return this.hasSection(section) ? interpolatedValue(this.#raw, section, key) : undefined;
  }

  /** Where a key stands: the first of the sections that has it. */
  locate(sections: readonly string[], key: string): { readonly section: string; readonly line: number } | undefined {
    for (const section of sections) {
      const entry = this.#raw.sections.get(section)?.get(key);
      if (entry !== undefined) return { section, line: entry.line };
    }
    return undefined;
  }
}

/** The path that a command of the family reads. */
export function configPath(family: ConfigFamily, option: string | undefined, environment: NodeJS.ProcessEnv): string {
  const { variable, fallback } = FAMILIES[family];
  return expandHome(option ?? nonEmpty(environment[variable]) ?? fallback);
}

/** What named the path that a command of the family reads, for people. */
export function originOfPath(family: ConfigFamily, option: string | undefined, environment: NodeJS.ProcessEnv): string {
  const { variable } = FAMILIES[family];
  if (option !== undefined) return 'the option --cfg';
  return nonEmpty(environment[variable]) === undefined ? 'nothing but the default' : `the variable ${variable}`;
}

/**
 * Reads a configuration file.
 * @throws CliError `CLI_CONFIGURATION`
 */
export async function loadConfigFile(file: string, family: ConfigFamily): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const { variable, fallback, maker } = FAMILIES[family];
    throw new CliError(
      'CLI_CONFIGURATION',
      isMissing ? `Configuration file does not exist: ${file}` : `Cannot parse configuration file: ${file}`,
      {
        hint: isMissing
          ? `Name one with --cfg, or in the variable ${variable}; without either it is ${fallback}.\n${maker}`
          : `It must be a file that you may read: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      },
    );
  }
  return new ConfigFile(parseConfig(text, file));
}

/** Reads a file of sections as it is written, without interpolation: the dialect of definition files (spec: format §6.1). */
export async function loadRawSections(file: string): Promise<Map<string, Map<string, string>>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CliError('CLI_CONFIGURATION', `File '${file}' does not exist or is not readable.`, { cause });
  });
  const { sections, defaults } = parseConfig(text, file);
  return new Map(
    [...sections].map(([name, entries]) => [
      name,
      new Map([...defaults, ...entries].map(([key, { raw }]) => [key, raw])),
    ]),
  );
}

const TILDE = /^~([^/]*)(.*)$/s;
const PASSWORD_DATABASE = '/etc/passwd';
const NAME_FIELD = 0;
const HOME_FIELD = 5;

/** `~` and `~/…` are the user's home, `~NAME` that of a user of this machine; a name that is none stays (spec: cli §1.4). */
export function expandHome(file: string): string {
  const [, name = '', rest = ''] = TILDE.exec(file) ?? [];
  if (!file.startsWith('~')) return file;
  const home = name === '' ? os.homedir() : homeOfUser(name);
  return home === undefined ? file : path.join(home, rest);
}

function homeOfUser(name: string): string | undefined {
  const lines = readFileSync(PASSWORD_DATABASE, 'utf8').split('\n');
  return lines.map((line) => line.split(':')).find((fields) => fields[NAME_FIELD] === name)?.[HOME_FIELD];
}
