import { formatSectionSchema } from '@slapos/format';
import { gridSectionSchema } from '@slapos/grid';
import { multimasterSectionSchema, slapproxySectionSchema } from '@slapos/proxy';
import { supervisorSectionSchema } from '@slapos/supervisor';
import type { z } from 'zod';
import { nearest } from '../command-line/nearest.js';
import { CliError } from '../errors.js';
import { mergeSections, sectionProblems } from './check-section.js';
import type { ConfigFile } from './config-file.js';
import { knownKeys } from './known-keys.js';

/** Something that is wrong, or without effect, in a configuration file. */
export interface ConfigProblem {
  readonly severity: 'error' | 'warning';
  readonly code: 'unknown_key' | 'invalid_value' | 'bad_interpolation';
  readonly line: number | undefined;
  readonly section: string;
  readonly key: string;
  /** What is wrong, and where. */
  readonly message: string;
  /** The key that was probably meant. */
  readonly suggestion?: string | undefined;
}

/** All that is wrong with a configuration, by line (spec: config §6). Values are checked for the commands that the file is made for. */
export function findProblems(config: ConfigFile): ConfigProblem[] {
  const interpolation = config.sectionNames.flatMap((section) => badInterpolations(config, section));
  const problems = [...interpolation, ...config.sectionNames.flatMap((section) => unknownKeys(config, section))];
  // The values of a section can only be checked when they can be read.
  if (interpolation.length === 0) problems.push(...wrongValues(config));
  return problems.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}

function badInterpolations(config: ConfigFile, section: string): ConfigProblem[] {
  return config.keys(section).flatMap((key) => {
    try {
      config.value(section, key);
      return [];
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      const line = config.locate([section], key)?.line;
      return [{ severity: 'error', code: 'bad_interpolation', line, section, key, message: error.message } as const];
    }
  });
}

function unknownKeys(config: ConfigFile, section: string): ConfigProblem[] {
  const known = knownKeys(section);
  if (known === undefined) return [];
  return config.keys(section).flatMap((key) => {
    const place = config.locate([section], key);
    // A key of [DEFAULT] is in every section, whether that section wants it or not.
    if (known.has(key) || place === undefined) return [];
    const suggestion = nearest(key.replaceAll('-', '_'), [...known]);
    const message = `${config.file}:${place.line}: [${section}] ${key} is not used by this version`;
    return [{ severity: 'warning', code: 'unknown_key', line: place.line, section, key, message, suggestion } as const];
  });
}

function wrongValues(config: ConfigFile): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const check = (schema: z.ZodType, merged: readonly string[], places: readonly string[]): void => {
    for (const { key, line, section, message } of sectionProblems(
      schema,
      mergeSections(config, merged),
      config,
      places,
    )) {
      problems.push({ severity: 'error', code: 'invalid_value', line, section, key, message });
    }
  };
  // A client's file has a [slapos] too, with the master only.
  if (config.value('slapos', 'instance_root') !== undefined) {
    check(gridSectionSchema, ['slapos', 'networkcache'], ['networkcache', 'slapos']);
    check(supervisorSectionSchema, ['slapos'], ['slapos']);
  }
  if (config.hasSection('slapformat')) check(formatSectionSchema, ['slapformat', 'slapos'], ['slapos', 'slapformat']);
  if (config.hasSection('slapproxy')) check(slapproxySectionSchema, ['slapos', 'slapproxy'], ['slapproxy', 'slapos']);
  for (const section of config.sectionNames.filter((name) => name.startsWith('multimaster/'))) {
    check(multimasterSectionSchema, [section], [section]);
  }
  const messages = new Set<string>();
  return problems.filter(({ message }) => !messages.has(message) && messages.add(message));
}
