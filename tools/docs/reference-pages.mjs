// The pages of the site that say nothing but what the programs know of themselves: commands and configuration.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { build } from 'esbuild';

import { WORKSPACE_ROOT } from '../setup/setup.mjs';

const CLI = path.join(WORKSPACE_ROOT, 'packages/cli');

/**
 * @typedef {{ name: string, description?: string, char?: string, type: string, helpValue?: string, options?: string[], default?: unknown, hidden?: boolean, required?: boolean, multiple?: boolean }} Flag
 * @typedef {{ name: string, description?: string, required?: boolean }} Argument
 * @typedef {{ id: string, summary?: string, description?: string, usage?: string | string[], hidden?: boolean, examples?: string[], flags: Record<string, Flag>, args: Record<string, Argument> }} Command
 * @typedef {Readonly<Record<string, Readonly<Record<string, { meaning: string, default?: string, unused?: string }>>>>} SectionKeys
 */

/**
 * Writes the pages into a folder, which holds nothing else.
 * @param {string} folder
 * @returns {Promise<string[]>} their files
 */
export async function writeReferencePages(folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const manifest = /** @type {{ commands: Record<string, Command> }} */ (
    JSON.parse(await readFile(path.join(CLI, 'oclif.manifest.json'), 'utf8'))
  );
  const commands = Object.values(manifest.commands).filter(({ hidden }) => hidden !== true);
  const pages = { 'commands.md': renderCommands(commands), 'configuration.md': renderConfiguration(await readKeys()) };
  const files = [];
  for (const [name, text] of Object.entries(pages)) {
    files.push(path.join(folder, name));
    await writeFile(path.join(folder, name), text);
  }
  return files;
}

/** @param {readonly Command[]} commands */
export function renderCommands(commands) {
  const sorted = [...commands].sort((one, other) => (one.id < other.id ? -1 : 1));
  const head = '# Commands\n\nEvery command of `slapos`, from its own help: `slapos help COMMAND` prints the same.\n';
  return [head, ...sorted.map(renderCommand)].join('\n');
}

/** @param {Command} command */
function renderCommand({ id, summary, description, usage, examples = [], flags, args }) {
  const name = `slapos ${id.replaceAll(':', ' ')}`;
  const words = Object.values(args).map((argument) => (argument.required ? argument.name : `[${argument.name}]`));
  const usages =
    usage === undefined ? [[name, ...words, '[OPTIONS]'].join(' ')] : [usage].flat().map((line) => fill(line, id));
  const rows = [
    ...Object.values(args).map((argument) => [`\`${argument.name}\``, argument.description ?? '']),
    ...Object.values(flags)
      .filter(({ hidden }) => hidden !== true)
      .map((flag) => [`\`${spelling(flag)}\``, meaning(flag)]),
  ];
  const table = ['| | |', '| --- | --- |', ...rows.map(([left, right]) => `| ${cell(left)} | ${cell(right)} |`)];
  return [
    `## ${name}`,
    ...(summary === undefined ? [] : [sentence(summary)]),
    ...(description === undefined || description === summary ? [] : [prose(fill(description, id))]),
    ['```text', ...usages, '```'].join('\n'),
    ...(rows.length === 0 ? [] : [table.join('\n')]),
    ...(examples.length === 0
      ? []
      : ['For example:', ['```text', ...examples.map((line) => fill(line, id)), '```'].join('\n')]),
    '',
  ].join('\n\n');
}

/** @param {string} text @param {string} id what oclif puts into help texts */
function fill(text, id) {
  return text.replaceAll('<%= config.bin %>', 'slapos').replaceAll('<%= command.id %>', id.replaceAll(':', ' '));
}

/** @param {Flag} flag */
function spelling({ name, char, type, helpValue, options }) {
  const value = type === 'option' ? ` ${helpValue ?? options?.join('|') ?? 'VALUE'}` : '';
  return `${char === undefined ? '' : `-${char}, `}--${name}${value}`;
}

/** @param {Flag} flag */
function meaning({ description = '', default: fallback, required }) {
  const known = ['string', 'number'].includes(typeof fallback) ? ` (default: ${String(fallback)})` : '';
  return `${description}${known}${required === true ? ' (required)' : ''}`;
}

/** @param {SectionKeys} sections */
export function renderConfiguration(sections) {
  const parts = Object.entries(sections).map(([section, keys]) => {
    const rows = Object.entries(keys).map(([key, facts]) => {
      const meaningOfKey = facts.unused === undefined ? facts.meaning : `${facts.meaning} – no effect: ${facts.unused}`;
      return `| \`${cell(key)}\` | ${cell(meaningOfKey)} | ${facts.default === undefined ? '' : `\`${cell(facts.default)}\``} |`;
    });
    return [`## [${section}]`, '', '| key | meaning | default |', '| --- | --- | --- |', ...rows, ''].join('\n');
  });
  const head = `# Configuration

Every key of \`slapos.cfg\`, as \`slapos config check\` knows them; \`slapos config show --origin\` says what a command sees and
from where. The dialect is that of Python's ConfigParser: \`KEY = VALUE\`, \`#\` begins a comment on a line of its own, indented lines
continue a value, \`%(name)s\` stands for another key of the section, \`%%\` for a percent sign.
`;
  return [head, ...parts].join('\n');
}

/** The keys as the command knows them, from its source. @returns {Promise<SectionKeys>} */
async function readKeys() {
  const { outputFiles } = await build({
    entryPoints: [path.join(CLI, 'src/config/known-keys.ts')],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.text ?? '';
  const module = /** @type {{ SECTION_KEYS: SectionKeys }} */ (
    await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)
  );
  return module.SECTION_KEYS;
}

/** @param {string | undefined} text */
function cell(text = '') {
  return prose(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** Text of help, in which nothing is HTML or a tag of typedoc. @param {string} text */
function prose(text) {
  return text.replaceAll('<', '&lt;').replaceAll('{@', '{&#64;');
}

/** @param {string} text */
function sentence(text) {
  const [first = '', ...rest] = prose(text);
  return `${first.toUpperCase()}${rest.join('')}${text.endsWith('.') ? '' : '.'}`;
}
