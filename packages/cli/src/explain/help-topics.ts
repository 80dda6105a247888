import { SECTION_KEYS } from '../config/known-keys.js';
import { EXIT_CODE_TABLE } from './exit-code-table.js';

/** A page of help that belongs to no command. */
export interface HelpTopic {
  readonly name: string;
  readonly summary: string;
  readonly text: () => string;
}

const KEY_WIDTH = 30;
/** As in the table of the specification. */
const NAME_WIDTH = 17;

/** Variables of the environment, and what each one does. */
export const ENVIRONMENT_VARIABLES: Readonly<Record<string, string>> = {
  SLAPOS_CONFIGURATION: 'configuration of node, proxy and cachelookup commands (/etc/opt/slapos/slapos.cfg)',
  SLAPOS_CLIENT_CONFIGURATION:
    'configuration of request, supply, service and computer commands (~/.slapos/slapos-client.cfg)',
  SLAPOS_CONFIG_STRICT: '1: keys that nothing reads are an error, not a warning',
  SLAPOS_OUTPUT: 'default of --output: text, table, json or yaml',
  SLAPOS_LOG_FORMAT: 'default of --log-format: text, json or journal',
  SLAPOS_DATA_DIR: 'folder of plug-ins (~/.local/share/slapos)',
  NO_COLOR: 'set to anything: no colours',
  FORCE_COLOR: 'set to anything but 0: colours in pipes, too',
  CI: 'set to anything: nothing moves on the terminal',
  BROWSER: 'what proxy panel --open shows the page in (xdg-open)',
  PAGER: 'what proxy show uses on a terminal (less)',
  LC_ALL: 'with LC_CTYPE and LANG: whether more than ASCII can be shown',
  XDG_CACHE_HOME: 'where completion remembers what the master said (~/.cache)',
};

/** All pages, by name. */
export const HELP_TOPICS: readonly HelpTopic[] = [
  { name: 'config', summary: 'sections and keys of slapos.cfg', text: configTopic },
  { name: 'environment', summary: 'variables that commands look at', text: environmentTopic },
  { name: 'exit-codes', summary: 'what the exit code says', text: exitCodeTopic },
];

function exitCodeTopic(): string {
  const lines = EXIT_CODE_TABLE.map(({ code, name, meaning }) => {
    const [first = '', ...rest] = meaning.split('\n');
    const margin = ' '.repeat(NAME_WIDTH + 8);
    return [`${String(code).padEnd(4)}  ${name.padEnd(NAME_WIDTH)}  ${first}`, ...rest.map((line) => margin + line)];
  });
  return [`CODE  ${'NAME'.padEnd(NAME_WIDTH)}  MEANING`, ...lines.flat()].join('\n');
}

function environmentTopic(): string {
  return Object.entries(ENVIRONMENT_VARIABLES)
    .map(([name, meaning]) => `${name.padEnd(KEY_WIDTH)}${meaning}`)
    .join('\n');
}

function configTopic(): string {
  const sections = Object.entries(SECTION_KEYS).map(([section, keys]) => {
    const lines = Object.entries(keys).map(([key, { meaning, default: value, unused }]) => {
      const suffix = unused !== undefined ? ` - no effect: ${unused}` : value !== undefined ? ` (${value})` : '';
      return key.length + 2 >= KEY_WIDTH
        ? `  ${key}\n${' '.repeat(KEY_WIDTH)}${meaning}${suffix}`
        : `  ${key.padEnd(KEY_WIDTH - 2)}${meaning}${suffix}`;
    });
    return [`[${section}]`, ...lines].join('\n');
  });
  return [
    "The dialect is that of Python's ConfigParser: KEY = VALUE, # begins a comment on a line of its own, indented lines continue a value,\n%(name)s stands for another key of the section, %% for a percent sign. slapos config show prints what commands see.",
    ...sections,
  ].join('\n\n');
}
