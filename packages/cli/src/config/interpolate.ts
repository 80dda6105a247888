import { CliError } from '../errors.js';
import type { ConfigEntry, RawConfig } from './parse-config.js';

const MAX_DEPTH = 10;

/**
 * The value of a key with `%(name)s` and `%%` replaced; `undefined` when neither the section nor `[DEFAULT]` has it (spec: config §1.2).
 * @throws CliError `CLI_CONFIGURATION` that names file, line, section and key
 */
export function interpolatedValue(config: RawConfig, section: string, key: string): string | undefined {
  const entry = entryOf(config, section, key);
  return entry === undefined ? undefined : expand(config, section, key, entry, 0);
}

/** Every key of the section, `[DEFAULT]` behind it, with its value. */
export function interpolatedSection(config: RawConfig, section: string): Map<string, string> {
  const own = config.sections.get(section);
  const keys = new Set([...(own?.keys() ?? []), ...(own === undefined ? [] : config.defaults.keys())]);
  return new Map([...keys].map((key) => [key, interpolatedValue(config, section, key) ?? '']));
}

function entryOf(config: RawConfig, section: string, key: string): ConfigEntry | undefined {
  return config.sections.get(section)?.get(key) ?? config.defaults.get(key);
}

function expand(config: RawConfig, section: string, key: string, entry: ConfigEntry, depth: number): string {
  const fail = (problem: string, hint: string): never => {
    throw new CliError('CLI_CONFIGURATION', `${config.file}:${entry.line}: [${section}] ${key}: ${problem}`, { hint });
  };
  if (depth > MAX_DEPTH) fail('the value refers to itself, or through too many others', 'Write the value out.');
  let out = '';
  let rest = entry.raw;
  for (let at = rest.indexOf('%'); at !== -1; at = rest.indexOf('%')) {
    out += rest.slice(0, at);
    rest = rest.slice(at);
    if (rest.startsWith('%%')) {
      out += '%';
      rest = rest.slice(2);
      continue;
    }
    if (!rest.startsWith('%(')) {
      fail(`'%' must be followed by '%' or '(', found: '${rest}'`, 'Write %% for a percent sign.');
    }
    const name = /^%\(([^()]+)\)s/.exec(rest)?.[1];
    if (name === undefined) return fail(`bad interpolation variable reference '${rest}'`, 'Write %(name)s.');
    const referred = name.toLowerCase();
    const target = entryOf(config, section, referred);
    if (target === undefined)
      return fail(
        `it refers to ${referred}, which is set neither in [${section}] nor in [DEFAULT]`,
        `Set ${referred}, or write %% for a percent sign.`,
      );
    out += expand(config, section, referred, target, depth + 1);
    rest = rest.slice(name.length + '%()s'.length);
  }
  return out + rest;
}
