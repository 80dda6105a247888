import { type CommandCatalogue, type CommandFacts, commandName } from '../command-line/catalogue.js';
import { ENVIRONMENT_VARIABLES } from './help-topics.js';
import { EXIT_CODE_TABLE } from './exit-code-table.js';
import { SECTION_KEYS } from '../config/known-keys.js';

/** A manual page: the name of its file, and its text in roff. */
export interface ManPage {
  readonly file: string;
  readonly text: string;
}

/** The manual: a page for the program, one for each command, and one for the configuration; man reads them (spec: ux-ideas §24). */
export function manPages(catalogue: CommandCatalogue): ManPage[] {
  const commands = catalogue.commands.filter(({ hidden }) => !hidden);
  return [
    { file: 'slapos.1', text: programPage(catalogue.version, commands) },
    ...commands.map((command) => ({
      file: `slapos-${command.id.replaceAll(':', '-')}.1`,
      text: commandPage(catalogue.version, command),
    })),
    { file: 'slapos.cfg.5', text: configurationPage(catalogue.version) },
  ];
}

function programPage(version: string, commands: readonly CommandFacts[]): string {
  const sorted = [...commands].sort((one, other) => (one.id < other.id ? -1 : 1));
  return [
    heading('SLAPOS', 1, version),
    section('NAME', 'slapos \\- node and client of SlapOS'),
    section('SYNOPSIS', '.B slapos\n[options] COMMAND [arguments]'),
    section('COMMANDS', ...sorted.map((command) => entry(bold(commandName(command.id)), command.summary ?? ''))),
    section(
      'ENVIRONMENT',
      ...Object.entries(ENVIRONMENT_VARIABLES).map(([name, meaning]) => entry(bold(name), meaning)),
    ),
    section('EXIT STATUS', ...EXIT_CODE_TABLE.map(({ code, meaning }) => entry(bold(String(code)), meaning))),
    section(
      'SEE ALSO',
      '.BR slapos.cfg (5),\nand a page of its own for each command, such as\n.BR slapos-node-instance (1).',
    ),
  ].join('\n');
}

function commandPage(version: string, command: CommandFacts): string {
  const name = commandName(command.id);
  const flags = Object.values(command.flags).filter(({ hidden }) => hidden !== true);
  const args = Object.values(command.args).filter(({ hidden }) => hidden !== true);
  const words = args.map((arg) => (arg.required === true ? arg.name.toUpperCase() : `[${arg.name.toUpperCase()}]`));
  return [
    heading(`SLAPOS-${command.id.replaceAll(':', '-').toUpperCase()}`, 1, version),
    section('NAME', `slapos-${command.id.replaceAll(':', '-')} \\- ${escape(command.summary ?? '')}`),
    section(
      'SYNOPSIS',
      `.B slapos ${escape(name)}\n${escape([...(flags.length > 0 ? ['[options]'] : []), ...words].join(' '))}`,
    ),
    ...(command.description === undefined ? [] : [section('DESCRIPTION', escape(command.description))]),
    ...(args.length === 0
      ? []
      : [section('ARGUMENTS', ...args.map((arg) => entry(bold(arg.name.toUpperCase()), arg.description ?? '')))]),
    ...(flags.length === 0
      ? []
      : [section('OPTIONS', ...flags.map((flag) => entry(flagSpelling(flag), flag.description ?? '')))]),
    ...examples(command),
    section('SEE ALSO', '.BR slapos (1),\n.BR slapos.cfg (5)'),
  ].join('\n');
}

function configurationPage(version: string): string {
  const sections = Object.entries(SECTION_KEYS).flatMap(([name, keys]) => [
    `.SS ${escape(`[${name}]`)}`,
    ...Object.entries(keys).map(([key, { meaning, default: value, unused }]) =>
      entry(
        bold(key),
        `${meaning}${value === undefined ? '' : ` (${value})`}${unused === undefined ? '' : `; no effect: ${unused}`}`,
      ),
    ),
  ]);
  return [
    heading('SLAPOS.CFG', 5, version),
    section('NAME', 'slapos.cfg \\- configuration of a SlapOS node, client or mini-master'),
    section(
      'DESCRIPTION',
      escape(
        "The dialect is that of Python's ConfigParser: KEY = VALUE in sections, lines that are indented continue a value, comments stand on lines of their own.",
      ),
    ),
    section('KEYS', ...sections),
    section(
      'FILES',
      entry('/etc/opt/slapos/slapos.cfg', 'of a node'),
      entry('~/.slapos/slapos-client.cfg', 'of a client'),
    ),
    section('SEE ALSO', '.BR slapos (1)'),
  ].join('\n');
}

function examples({ examples: all = [] }: CommandFacts): string[] {
  if (all.length === 0) return [];
  const lines = all.map((example) => escape(typeof example === 'string' ? example : example.command));
  return [section('EXAMPLES', '.nf', ...lines, '.fi')];
}

function flagSpelling(flag: CommandFacts['flags'][string]): string {
  const names = [...(flag.char === undefined ? [] : [`-${flag.char}`]), `--${flag.name}`];
  const value =
    flag.type === 'option' ? ` ${escape(flag.helpValue === undefined ? 'VALUE' : String(flag.helpValue))}` : '';
  return `${names.map(bold).join(', ')}${value}`;
}

function heading(title: string, number: number, version: string): string {
  return `.TH ${title} ${number} "" "SlapOS ${version}" "SlapOS"`;
}

function section(title: string, ...lines: readonly string[]): string {
  return [`.SH ${title}`, ...lines].join('\n');
}

function entry(term: string, text: string): string {
  return `.TP\n${term}\n${escape(text)}`;
}

function bold(text: string): string {
  return `\\fB${escape(text)}\\fR`;
}

/** Text as roff reads it: a dash that can be searched for, and no line that begins with a command. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}
