import type { Command } from '@oclif/core';
import { type CommandCatalogue, type CommandFacts, commandName } from './catalogue.js';

const GROUP_ORDER = ['cachelookup', 'client', 'node', 'other'] as const;
type Group = (typeof GROUP_ORDER)[number];
const CLIENT_TOPICS = new Set([
  'computer',
  'console',
  'destroy',
  'events',
  'remove',
  'request',
  'search',
  'service',
  'start',
  'stop',
  'supply',
  'types',
]);
const NAME_WIDTH = 13;
const OPTION_WIDTH = 30;

const GLOBAL_OPTIONS = `options:
  --version             show program's version number and exit
  -v, --verbose         increase verbosity of output, repeat for internals
  -q, --quiet           show warnings and errors only
  --log-file FILE       also write the log to FILE
  --log-time            leave the time out of the log
  --log-format FORMAT   text, json (an object a line) or journal; also $SLAPOS_LOG_FORMAT
  --log-level LEVEL     debug, info, warn or error: the least that is shown
  --color WHEN          auto, always or never; --no-color is never, as is $NO_COLOR
  --debug               show where in the program an error came from
  -h, --help            show this help, or that of a command`;

/** The help of the whole program (spec: cli §1.3). */
export function renderGlobalHelp(catalogue: CommandCatalogue): string {
  const groups = new Map<Group, string[]>();
  for (const command of catalogue.commands.filter(({ hidden }) => !hidden)) {
    const name = commandName(command.id);
    const group = groupOf(name);
    groups.set(group, [...(groups.get(group) ?? []), `  ${name.padEnd(NAME_WIDTH)}  ${firstLine(command)}`]);
  }
  const blocks = GROUP_ORDER.filter((group) => groups.has(group)).map(
    (group) => `${group} commands:\n${(groups.get(group) ?? []).sort().join('\n')}`,
  );
  return [
    `usage: slapos [options] COMMAND [arguments]`,
    `SlapOS client ${catalogue.version}`,
    GLOBAL_OPTIONS,
    ...blocks,
    'To begin: slapos configure local makes a node with a master of its own, slapos node register NAME joins a cloud, slapos doctor says what is missing.',
    'slapos help COMMAND says more; so do slapos help config, environment and exit-codes, and slapos explain CODE.',
  ].join('\n\n');
}

/** The commands of one group, such as `node`. */
export function renderGroupHelp(catalogue: CommandCatalogue, group: string): string {
  const commands = catalogue.commands.filter(
    (command) => !command.hidden && commandName(command.id).startsWith(`${group} `),
  );
  const width = Math.max(NAME_WIDTH, ...commands.map(({ id }) => id.length));
  const lines = commands.map((command) => `  ${commandName(command.id).padEnd(width)}  ${firstLine(command)}`);
  return `${group} commands:\n${lines.sort().join('\n')}\n\nslapos help COMMAND says more.`;
}

function groupOf(name: string): Group {
  const [topic = ''] = name.split(' ');
  if (topic === 'node' || topic === 'cachelookup') return topic;
  return CLIENT_TOPICS.has(topic) || name === 'configure client' ? 'client' : 'other';
}

function firstLine(command: Pick<CommandFacts, 'summary' | 'description'>): string {
  return (command.summary ?? command.description ?? '').split('\n')[0] ?? '';
}

/** The help of one command: usage, description, arguments, options with their defaults. */
export function renderCommandHelp(command: CommandFacts): string {
  const name = commandName(command.id);
  const args = Object.values(command.args).filter(({ hidden }) => !hidden);
  const flags = Object.values(command.flags).filter(({ hidden }) => !hidden);
  const usage = [
    'usage: slapos',
    name,
    ...flags.map((flag) => `[${spelling(flag)}]`),
    ...args.map(argumentSpelling),
  ].join(' ');
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [`${title}:\n${lines.join('\n')}`];
  return [
    usage,
    [command.summary, command.description].filter((text) => text !== undefined && text !== '').join('\n\n'),
    ...section(
      'arguments',
      args.map((arg) => row(arg.name.toUpperCase(), arg.description)),
    ),
    ...section(
      'options',
      flags.map((flag) => row(spelling(flag), describeFlag(flag))),
    ),
    ...section(
      'examples',
      (command.examples ?? []).map((example) => `  $ ${typeof example === 'string' ? example : example.command}`),
    ),
  ].join('\n\n');
}

function argumentSpelling(arg: Command.Arg.Cached): string {
  const name = arg.name.toUpperCase();
  return arg.required === true ? name : `[${name}]`;
}

function spelling(flag: Command.Flag.Cached): string {
  const names = [
    ...(flag.char === undefined ? [] : [`-${flag.char}`]),
    `--${flag.name}`,
    ...(flag.aliases ?? []).map((alias) => `--${alias}`),
  ];
  const value = flag.type === 'option' ? ` ${flag.helpValue === undefined ? 'VALUE' : String(flag.helpValue)}` : '';
  return `${names.join(', ')}${value}`;
}

function describeFlag(flag: Command.Flag.Cached): string {
  const value: unknown = flag.default;
  const suffix =
    flag.type === 'option' && (typeof value === 'string' || typeof value === 'number') ? ` (default: ${value})` : '';
  return `${flag.description ?? ''}${suffix}`;
}

function row(left: string, right: string | undefined): string {
  const text = (right ?? '').split('\n').join(`\n${' '.repeat(OPTION_WIDTH)}`);
  return left.length + 4 > OPTION_WIDTH
    ? `  ${left}\n${' '.repeat(OPTION_WIDTH)}${text}`
    : `  ${left.padEnd(OPTION_WIDTH - 2)}${text}`;
}
