import { formatSectionSchema } from '@slapos/format';
import { firewallSectionSchema, gridSectionSchema } from '@slapos/grid';
import { multimasterSectionSchema, slapproxySectionSchema } from '@slapos/proxy';
import { clientSectionSchema, consoleSectionSchema } from '@slapos/slap';
import { supervisorSectionSchema } from '@slapos/supervisor';
import type { z } from 'zod';
import { CliError } from '../errors.js';
import { mergeSections, sectionProblems, shownValue } from './check-section.js';
import type { ConfigFile } from './config-file.js';
import { unreadKeys } from './unknown-keys.js';

/** Something that is wrong, or without effect, in a configuration file. */
export interface ConfigProblem {
  readonly severity: 'error' | 'warning';
  readonly code: 'unknown_key' | 'unused_key' | 'missing_key' | 'invalid_value' | 'bad_interpolation';
  readonly file: string;
  /** `undefined` for a key that is missing. */
  readonly line: number | undefined;
  readonly section: string;
  readonly key: string;
  /** What is wrong, and where. */
  readonly message: string;
  /** What is written there, as far as it may be shown. */
  readonly value?: string | undefined;
  readonly expected?: string | undefined;
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
      const { file } = config;
      return [
        { severity: 'error', code: 'bad_interpolation', file, line, section, key, message: error.message } as const,
      ];
    }
  });
}

function unknownKeys(config: ConfigFile, section: string): ConfigProblem[] {
  const { file } = config;
  return unreadKeys(config, section).map(({ key, line, suggestion, unused }) => {
    const place = `${file}:${line}: [${section}] ${key}`;
    const message = unused === undefined ? `${place} is not used by this version` : `${place} has no effect: ${unused}`;
    const code = unused === undefined ? 'unknown_key' : 'unused_key';
    return { severity: 'warning', code, file, line, section, key, message, suggestion } as const;
  });
}

function wrongValues(config: ConfigFile): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const check = (schema: z.ZodType, merged: readonly string[], places: readonly string[]): void => {
    const values = mergeSections(config, merged);
    for (const { key, line, section, message, expected } of sectionProblems(schema, values, config, places)) {
      const written = values.values[key];
      const code = written === undefined ? 'missing_key' : 'invalid_value';
      const value = written === undefined ? undefined : shownValue(key, written);
      problems.push({ severity: 'error', code, file: config.file, line, section, key, message, value, expected });
    }
  };
  // A client's file has a [slapos] too, with the master only.
  if (config.value('slapos', 'instance_root') !== undefined) {
    check(gridSectionSchema, ['slapos', 'networkcache'], ['networkcache', 'slapos']);
    check(supervisorSectionSchema, ['slapos'], ['slapos']);
  }
  if (config.hasSection('slapos')) check(clientSectionSchema, ['slapos'], ['slapos']);
  for (const [section, schema] of [
    ['slapconsole', consoleSectionSchema],
    ['firewall', firewallSectionSchema],
  ] as const) {
    if (config.hasSection(section)) check(schema, [section], [section]);
  }
  if (config.hasSection('slapformat')) check(formatSectionSchema, ['slapformat', 'slapos'], ['slapos', 'slapformat']);
  if (config.hasSection('slapproxy')) check(slapproxySectionSchema, ['slapos', 'slapproxy'], ['slapproxy', 'slapos']);
  for (const section of config.sectionNames.filter((name) => name.startsWith('multimaster/'))) {
    check(multimasterSectionSchema, [section], [section]);
  }
  // A key that several commands read is wrong once.
  const places = new Set<string>();
  return problems.filter(({ section, key, line }) => {
    const place = `${line === undefined ? '' : section} ${key} ${line ?? ''}`;
    return !places.has(place) && places.add(place);
  });
}
