import type { z } from 'zod';
import { CliError } from '../errors.js';
import type { ConfigFile } from './config-file.js';
import { keyFacts, ownKeys } from './known-keys.js';

const LONGEST_SHOWN_VALUE = 60;
const SECRET_KEY = /password|token|secret/i;
const PRIVATE_KEY_BLOCK = /-----BEGIN [A-Z ]*PRIVATE KEY/;

/** Texts of a configuration with the options of the command line laid over them. */
export interface MergedSection {
  readonly values: Readonly<Record<string, string>>;
  /** Keys that came from the command line. */
  readonly fromOptions: ReadonlySet<string>;
}

/**
 * Lays sections over each other, later ones on top, and the options that were given over all (spec: grid §2.2, format §1).
 * @param options values by key; those that were not given are absent, and hide nothing
 */
export function mergeSections(
  config: ConfigFile,
  sections: readonly string[],
  options: Readonly<Record<string, string | undefined>> = {},
): MergedSection {
  const given = Object.entries(options).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const section of sections) for (const [key, value] of config.section(section)) values[key] = value;
  for (const [key, value] of given) values[key] = value;
  return { values, fromOptions: new Set(given.map(([key]) => key)) };
}

/** A value that a schema does not take. */
export interface SectionProblem {
  readonly section: string;
  readonly key: string;
  /** `undefined` when the key is in no file. */
  readonly line: number | undefined;
  /** What would be right. */
  readonly expected: string;
  /** Place, value, and what was expected. */
  readonly message: string;
}

/**
 * Checks merged texts with the schema of the library that owns them.
 * @param sections where the keys may stand, for the message: the one that wins first
 * @throws CliError `CLI_CONFIGURATION` with all that is wrong, each with file, line, section, key, value and what was expected
 */
export function checkSection<Schema extends z.ZodType>(
  schema: Schema,
  merged: MergedSection,
  config: ConfigFile,
  sections: readonly string[],
): z.output<Schema> {
  const result = schema.safeParse(merged.values);
  if (result.success) return result.data;
  throw new CliError(
    'CLI_CONFIGURATION',
    describeIssues(result.error, merged, config, sections)
      .map(({ message }) => message)
      .join('\n'),
  );
}

/** The same as data; empty when the schema takes all of it. */
export function sectionProblems(
  schema: z.ZodType,
  merged: MergedSection,
  config: ConfigFile,
  sections: readonly string[],
): SectionProblem[] {
  const result = schema.safeParse(merged.values);
  return result.success ? [] : describeIssues(result.error, merged, config, sections);
}

function describeIssues(
  error: z.ZodError,
  merged: MergedSection,
  config: ConfigFile,
  sections: readonly string[],
): SectionProblem[] {
  const problems = new Map<string, SectionProblem>();
  for (const issue of error.issues) {
    const key = String(issue.path[0] ?? '');
    const place = merged.fromOptions.has(key) ? undefined : config.locate(sections, key);
    const expected = expectation(issue, key, merged.values[key]);
    const message = `${placeOf(key, merged, config, sections)}: ${expected}`;
    problems.set(message, {
      section: place?.section ?? homeOf(key, sections),
      key,
      line: place?.line,
      expected,
      message,
    });
  }
  return [...problems.values()].sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}

/** Of the sections that a key may stand in, the one that it belongs to. */
function homeOf(key: string, sections: readonly string[]): string {
  return sections.find((section) => Object.hasOwn(ownKeys(section) ?? {}, key)) ?? sections[0] ?? '';
}

/** What a schema expects, in words; its own where it has some. */
function expectation(issue: z.core.$ZodIssue, key: string, value: string | undefined): string {
  const meaning = keyFacts('slapos', key)?.meaning ?? keyFacts('slapformat', key)?.meaning;
  const what = meaning === undefined ? '' : ` (${meaning})`;
  if (value === undefined && issue.code === 'invalid_type') return `it is missing, and must be set${what}`;
  if (issue.code === 'too_small' && issue.origin === 'string') return `expected something, not nothing${what}`;
  if (issue.code === 'too_small') return `expected a number of at least ${String(issue.minimum)}`;
  if (issue.code === 'too_big') return `expected a number of at most ${String(issue.maximum)}`;
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid'))
    return `expected ${issue.values.map(String).join(' or ')}`;
  if (issue.message.endsWith('is not a size')) return 'expected a size such as 1000M';
  // The value is shown before, short and without secrets.
  const text = issue.message.replace(/, (?:got|not) ".*$/s, '');
  return /^(?:expected|[a-z_-]+ is required)/.test(text) ? text : `expected otherwise: ${text}`;
}

function placeOf(key: string, merged: MergedSection, config: ConfigFile, sections: readonly string[]): string {
  const value = merged.values[key];
  const shown = value === undefined ? '' : ` = ${shownValue(key, value)}`;
  if (merged.fromOptions.has(key)) return `option --${key.replaceAll('_', '-')}${shown}`;
  const place = config.locate(sections, key);
  return place === undefined
    ? `${config.file}: [${homeOf(key, sections)}] ${key}${shown}`
    : `${config.file}:${place.line}: [${place.section}] ${key}${shown}`;
}

/** A value for a message: short, and without secrets. */
export function shownValue(key: string, value: string): string {
  if (SECRET_KEY.test(key) || PRIVATE_KEY_BLOCK.test(value)) return '(not shown)';
  return JSON.stringify(value.length > LONGEST_SHOWN_VALUE ? `${value.slice(0, LONGEST_SHOWN_VALUE)}…` : value);
}
