import { nearest } from '../command-line/nearest.js';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';
import type { ConfigFile } from './config-file.js';
import { keyFacts, knownKeys } from './known-keys.js';

/** A key that nothing reads. */
export interface UnreadKey {
  readonly section: string;
  readonly key: string;
  readonly line: number;
  /** The key that was probably meant. */
  readonly suggestion: string | undefined;
  /** It is known, and why it does nothing. */
  readonly unused: string | undefined;
}

/** Keys of a section that no command reads, by line. Sections of other programs have none, whatever is in them (spec: config §6). */
export function unreadKeys(config: ConfigFile, section: string): UnreadKey[] {
  const known = knownKeys(section);
  if (known === undefined) return [];
  return config.keys(section).flatMap((key): UnreadKey[] => {
    const place = config.locate([section], key);
    // A key of [DEFAULT] is in every section, whether that section wants it or not.
    if (place === undefined) return [];
    const unused = keyFacts(section, key)?.unused;
    if (known.has(key))
      return unused === undefined ? [] : [{ section, key, line: place.line, suggestion: undefined, unused }];
    return [{ section, key, line: place.line, suggestion: suggestionFor(key, known), unused: undefined }];
  });
}

/** Dashes and underscores are different characters here, and mixed up most. */
function suggestionFor(key: string, known: ReadonlySet<string>): string | undefined {
  const names = [...known];
  const respelt = names.find((name) => name.replaceAll('-', '_') === key.replaceAll('-', '_'));
  return respelt ?? nearest(key, names) ?? nearest(key.replaceAll('-', '_'), names);
}

/** Which sections a command reads: only those are its business (spec: config §2). */
function sectionsOf(commandId: string, config: ConfigFile): string[] {
  const [topic = ''] = commandId.split(':');
  const read: Readonly<Record<string, readonly string[]>> = {
    node: ['slapos', 'slapformat', 'networkcache', 'firewall', 'collect', 'daemon'],
    proxy: ['slapos', 'slapproxy'],
    cachelookup: ['networkcache'],
    // It shows problems itself.
    config: [],
    doctor: [],
  };
  const names = read[topic] ?? ['slapos', 'slapconsole'];
  const masters = topic === 'proxy' ? config.sectionNames.filter((name) => name.startsWith('multimaster/')) : [];
  return [...names, ...masters].filter((name) => config.hasSection(name));
}

/** The same for programs: a sentence for each key of these sections that the command reads and that has no effect. */
export function unreadKeyWarnings(config: ConfigFile, commandId: string): string[] {
  return sectionsOf(commandId, config)
    .flatMap((section) => unreadKeys(config, section))
    .map(({ section, key, line, suggestion, unused }) => {
      const meant = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
      return `${config.file}:${String(line)}: [${section}] ${key} ${unused === undefined ? 'is not used by this version' : `has no effect: ${unused}`}${meant}`;
    });
}

/**
 * Warns once of all keys that nothing reads, in the sections that the command reads (spec: config §6).
 * @param strict they are an error, as `SLAPOS_CONFIG_STRICT=1` wants
 * @throws CliError `CLI_CONFIGURATION` when `strict`
 */
export function warnOfUnreadKeys(config: ConfigFile, commandId: string, log: CommandLog, strict: boolean): void {
  const keys = sectionsOf(commandId, config).flatMap((section) => unreadKeys(config, section));
  const unknown = keys.filter(({ unused }) => unused === undefined);
  for (const { section, key, unused, line } of keys) {
    if (unused !== undefined) log.debug(`${config.file}:${line}: [${section}] ${key} has no effect: ${unused}`);
  }
  if (unknown.length === 0) return;
  const width = Math.max(...unknown.map(({ section }) => section.length));
  const lines = unknown.map(({ section, key, line, suggestion }) => {
    const meant = suggestion === undefined ? '' : `   did you mean ${suggestion}?`;
    return `  ${`[${section}]`.padEnd(width + 2)} line ${line}  ${key}${meant}`;
  });
  const count = unknown.length === 1 ? '1 key is' : `${unknown.length} keys are`;
  const text = [`${config.file}: ${count} not used by this version:`, ...lines].join('\n');
  if (!strict) log.warn(text);
  else
    throw new CliError('CLI_CONFIGURATION', text, {
      hint: 'Correct or remove them; without SLAPOS_CONFIG_STRICT they are a warning.',
    });
}
