import type { ConfigFile } from './config-file.js';
import { ownKeys } from './known-keys.js';

const SECRET_KEY = /password|token|secret/i;
const PRIVATE_KEY_BLOCK = /-----BEGIN [A-Z ]*PRIVATE KEY/;
const HIDDEN = '(not shown)';

/** A value as commands see it. */
export interface EffectiveValue {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** `file PATH:LINE`, the `[DEFAULT]` of a file, or `default` when it is written nowhere (spec: ux-ideas §19). */
  readonly origin: string;
}

/** What is looked at. */
export interface EffectiveValuesOptions {
  /** Only this section. */
  readonly section?: string | undefined;
  /** Also what counts though it is written nowhere. */
  readonly withDefaults?: boolean | undefined;
}

/** The values of one section or of all, in the order of the file, defaults behind them; secrets are hidden. */
export function effectiveValues(
  config: ConfigFile,
  { section: only, withDefaults }: EffectiveValuesOptions = {},
): EffectiveValue[] {
  const sections = only === undefined ? config.sectionNames : [only];
  return sections.flatMap((section) => {
    const written = [...config.section(section)].map(([key, value]) => {
      const place = config.locate([section], key);
      const origin = place === undefined ? `file ${config.file} [DEFAULT]` : `file ${config.file}:${place.line}`;
      return { section, key, value: shown(key, value), origin };
    });
    return withDefaults === true ? [...written, ...defaultsOf(config, section)] : written;
  });
}

/** Defaults of the section's own keys; one that the section it is merged with sets is not the default any more. */
function defaultsOf(config: ConfigFile, section: string): EffectiveValue[] {
  return Object.entries(ownKeys(section) ?? {}).flatMap(([key, { default: value }]) => {
    const isSet = ['slapos', 'slapformat', section].some((place) => config.locate([place], key) !== undefined);
    const dashed = config.locate([section], key.replaceAll('_', '-')) !== undefined;
    return value === undefined || isSet || dashed ? [] : [{ section, key, value, origin: 'default' }];
  });
}

function shown(key: string, value: string): string {
  return SECRET_KEY.test(key) || PRIVATE_KEY_BLOCK.test(value) ? HIDDEN : value;
}
