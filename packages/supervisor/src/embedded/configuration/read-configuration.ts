import { readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { UserDatabase } from '@slapos/host';
import { ConfigurationError } from './configuration-error.js';
import { readDaemonSection } from './daemon-section.js';
import { expand } from './expand.js';
import { type IniSections, readIni } from './ini.js';
import { type ProgramContext, readListenerConfiguration, readProgram } from './program-section.js';
import { checkConfigurationName, readInteger } from './read-values.js';
import { SectionReader } from './section-reader.js';
import type { Configuration, GroupConfiguration, ProcessConfiguration } from './types.js';

const DEFAULT_PRIORITY = 999;
const DEFAULT_LISTENER_PRIORITY = -1;
/** Sections of supervisord that this daemon does not serve: refused rather than ignored. */
const REFUSED_SECTIONS = /^(inet_http_server$|fcgi-program:)/;

/**
 * Reads the main file and the files that it includes (spec: supervisor §9.6).
 * @throws ConfigurationError with the file or section, and what was expected
 */
export async function readConfiguration(file: string, users: UserDatabase): Promise<Configuration> {
  const sections = await readFiles(file);
  const here = path.dirname(path.resolve(file));
  for (const name of sections.keys()) {
    if (REFUSED_SECTIONS.test(name)) {
      throw new ConfigurationError(
        `The section [${name}] of ${file} is not offered by this supervisor: use its Unix socket, and [program:x]`,
      );
    }
  }
  const context: ProgramContext = { here, users };
  const programs = new Map<string, ProcessConfiguration[]>();
  const groups: GroupConfiguration[] = [];
  for (const [section, options] of sections) {
    const [kind, name] = splitSection(section);
    if (kind === 'program' && name !== undefined) {
      programs.set(name, await readProgram(new SectionReader(section, options, here), name, undefined, context));
    }
  }
  const grouped = new Set<string>();
  for (const [section, options] of sections) {
    const [kind, name] = splitSection(section);
    if (name === undefined || (kind !== 'group' && kind !== 'eventlistener')) continue;
    const reader = new SectionReader(section, options, here);
    if (kind === 'eventlistener') {
      const processes = await readProgram(reader, name, { group: name }, context);
      groups.push(
        group(
          name,
          reader.integer('priority', DEFAULT_LISTENER_PRIORITY),
          processes,
          readListenerConfiguration(reader),
        ),
      );
      continue;
    }
    const members: ProcessConfiguration[] = [];
    for (const word of reader.text('programs', '').split(',')) {
      const program = word.trim();
      if (program === '') continue;
      const options_ = sections.get(`program:${program}`);
      if (!options_) throw new ConfigurationError(`[${section}] names unknown program ${program}`);
      grouped.add(program);
      members.push(
        ...(await readProgram(
          new SectionReader(`program:${program}`, options_, here),
          program,
          { group: name },
          context,
        )),
      );
    }
    groups.push(group(name, reader.integer('priority', DEFAULT_PRIORITY), members, undefined));
  }
  for (const [name, processes] of programs) {
    if (grouped.has(name)) continue;
    const priority = readInteger(
      sections.get(`program:${name}`)?.get('priority') ?? String(DEFAULT_PRIORITY),
      `priority of ${name}`,
    );
    groups.push(group(name, priority, processes, undefined));
  }
  const daemon = sections.get('supervisord');
  if (!daemon) throw new ConfigurationError(`.ini file ${file} does not include supervisord section`);
  return {
    daemon: await readDaemonSection(new SectionReader('supervisord', daemon, here), sections.get('unix_http_server'), {
      here,
      users,
      file,
    }),
    groups: groups.sort(byPriority),
  };
}

function group(
  name: string,
  priority: number,
  processes: readonly ProcessConfiguration[],
  listener: GroupConfiguration['listener'],
): GroupConfiguration {
  checkConfigurationName(name, `group ${JSON.stringify(name)}`);
  const names = processes.map((process) => process.name);
  const twice = names.find((process, index) => names.indexOf(process) !== index);
  if (twice !== undefined)
    throw new ConfigurationError(`group ${name}: two processes are called ${JSON.stringify(twice)}`);
  return { name, priority, processes: [...processes].sort(byPriority), listener };
}

/** By priority, then name; names as Python compares them, by code point. */
export function byPriority(one: { priority: number; name: string }, other: { priority: number; name: string }): number {
  return one.priority - other.priority || (one.name < other.name ? -1 : Number(one.name > other.name));
}

function splitSection(section: string): [kind: string, name: string | undefined] {
  const colon = section.indexOf(':');
  return colon === -1 ? [section, undefined] : [section.slice(0, colon).trim(), section.slice(colon + 1).trim()];
}

async function readFiles(file: string): Promise<IniSections> {
  const sections: IniSections = new Map();
  readIni(await readText(file), file, sections);
  const include = sections.get('include');
  const files = include?.get('files');
  if (include && files === undefined)
    throw new ConfigurationError(`.ini file ${file} has [include] section, but no files setting`);
  const here = path.dirname(path.resolve(file));
  for (const pattern of (files ?? '').split(/\s+/)) {
    if (pattern === '') continue;
    const expanded = expand(pattern, { here, host_node_name: os.hostname() }, `include files of ${file}`);
    for (const included of await matching(path.resolve(here, expanded)))
      readIni(await readText(included), included, sections);
  }
  return sections;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(
      `could not find or read config file ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** Files that a glob with `*` and `?` in its last component matches, sorted; a folder that is not there matches nothing. */
async function matching(pattern: string): Promise<string[]> {
  const folder = path.dirname(pattern);
  if (/[*?[]/.test(folder))
    throw new ConfigurationError(`include files: wildcards are only possible in the last part of ${pattern}`);
  const expression = new RegExp(
    `^${path
      .basename(pattern)
      .replaceAll(/[.+^${}()|\\[\]]/g, String.raw`\$&`)
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'u',
  );
  const names = await readdir(folder).catch(() => []);
  // A shell's star does not match hidden files: half-written ones are hidden.
  return names
    .filter((name) => !name.startsWith('.') && expression.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}
