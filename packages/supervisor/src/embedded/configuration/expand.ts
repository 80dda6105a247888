import { ConfigurationError } from './configuration-error.js';

/** Names that `%(…)s` may use, such as `here` and `program_name`. */
export type Expansions = Readonly<Record<string, string | number>>;

const EXPANSION = /%(?:\((?<name>[^)]*)\)(?<format>0?\d*[sd])|(?<percent>%)|(?<bad>[\s\S]?))/g;

/**
 * Replaces `%(name)s`, `%(name)d`, `%(name)02d` and `%%` (spec: supervisor §9.6).
 * @throws ConfigurationError for an unknown name or a lonely `%`
 */
export function expand(value: string, expansions: Expansions, where: string): string {
  return value.replaceAll(EXPANSION, (...match) => {
    const groups = match.at(-1) as Record<string, string | undefined>;
    if (groups['percent'] !== undefined) return '%';
    const { name, format = 's' } = groups;
    if (name === undefined) {
      throw new ConfigurationError(
        `Format string ${JSON.stringify(value)} for ${where} is badly formatted: a lonely "%" must be doubled`,
      );
    }
    const found = Object.hasOwn(expansions, name) ? expansions[name] : undefined;
    if (found === undefined) {
      throw new ConfigurationError(
        `Format string ${JSON.stringify(value)} for ${where} contains names (${name}) which cannot be expanded. Available names: ${Object.keys(expansions).sort().join(', ')}`,
      );
    }
    const width = /^(0?)(\d*)[sd]$/.exec(format);
    return String(found).padStart(Number(width?.[2] ?? 0), width?.[1] === '0' ? '0' : ' ');
  });
}
