import { Args, Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { type EffectiveValue, effectiveValues } from '../../config/effective-values.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';
import { type Column, renderList } from '../../output/render-result.js';

const COLUMNS: readonly Column<EffectiveValue>[] = [
  { name: 'section', value: ({ section }) => section },
  { name: 'key', value: ({ key }) => key },
  { name: 'value', value: ({ value }) => value },
  { name: 'origin', value: ({ origin }) => origin },
];

/** `slapos config show` (spec: ux-ideas §19). */
export default class ConfigShow extends SlaposCommand {
  static override summary = 'print the values of the configuration';
  static override description =
    'Values are as commands see them, after interpolation. Secrets are not shown. Options of a command win over all of them.';
  static override examples = ['slapos config show slapos --origin'];
  static override args = { section: Args.string({ description: 'only this section' }) };
  static override flags = {
    cfg: configFlag,
    client: Flags.boolean({ description: 'the file of the client commands, such as request' }),
    origin: Flags.boolean({
      description: 'also say where each value comes from, and what counts without being written',
    }),
    ...outputFlags,
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ConfigShow);
    const config = await this.loadConfig(flags.client ? 'client' : 'node', flags.cfg);
    if (args.section !== undefined && !config.hasSection(args.section)) {
      throw new CliError('CLI_INPUT', `${config.file} has no section [${args.section}]`, {
        hint: `It has ${config.sectionNames.map((name) => `[${name}]`).join(', ') || 'none'}.`,
      });
    }
    // Documents always say where a value comes from; people ask for it.
    const withDefaults = flags.origin || outputFormat(flags) !== 'text';
    const values = effectiveValues(config, { section: args.section, withDefaults });
    const text = (): string => (flags.origin ? renderOrigins(values, args.section === undefined) : render(values));
    this.log(
      await renderList({ kind: 'Config', items: values, columns: COLUMNS, text, about: { file: config.file } }, flags),
    );
    return EXIT_CODES.OK;
  }
}

function render(values: readonly EffectiveValue[]): string {
  const width = Math.max(0, ...values.map(({ key }) => key.length));
  const lines: string[] = [];
  let section: string | undefined;
  for (const entry of values) {
    if (entry.section !== section) lines.push(...(section === undefined ? [] : ['']), `[${entry.section}]`);
    section = entry.section;
    const value = entry.value.replaceAll('\n', `\n${' '.repeat(width + 3)}`);
    lines.push(`${entry.key.padEnd(width)} = ${value}`);
  }
  return lines.join('\n');
}

const NARROWEST_KEY = 18;
const NARROWEST_VALUE = 27;

/** Key, value and origin in columns (spec: ux-ideas §19). */
function renderOrigins(values: readonly EffectiveValue[], withSections: boolean): string {
  const oneLine = (value: string): string => value.replaceAll('\n', ' ');
  const keys = Math.max(NARROWEST_KEY, ...values.map(({ key }) => key.length));
  const width = Math.max(NARROWEST_VALUE, ...values.map(({ value }) => oneLine(value).length));
  const lines: string[] = [];
  let section: string | undefined;
  for (const entry of values) {
    if (withSections && entry.section !== section)
      lines.push(...(section === undefined ? [] : ['']), `[${entry.section}]`);
    section = entry.section;
    lines.push(`${entry.key.padEnd(keys)}  ${oneLine(entry.value).padEnd(width)}  ${entry.origin}`);
  }
  return lines.join('\n');
}
