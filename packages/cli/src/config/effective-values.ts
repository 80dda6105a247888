import type { ConfigFile } from './config-file.js';

const SECRET_KEY = /password|token|secret/i;
const HIDDEN = '(not shown)';

/** A value as commands see it. */
export interface EffectiveValue {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** File and line, or the file's `[DEFAULT]`. */
  readonly origin: string;
}

/** The values of one section or of all, in the order of the file; secrets are hidden. */
export function effectiveValues(config: ConfigFile, only?: string): EffectiveValue[] {
  const sections = only === undefined ? config.sectionNames : [only];
  return sections.flatMap((section) =>
    [...config.section(section)].map(([key, value]) => {
      const place = config.locate([section], key);
      const origin = place === undefined ? `${config.file}: [DEFAULT]` : `${config.file}:${place.line}`;
      return { section, key, value: SECRET_KEY.test(key) ? HIDDEN : value, origin };
    }),
  );
}
