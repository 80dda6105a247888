import { Args, Flags } from '@oclif/core';
import { SoftwareReleaseSchema } from '@slapos/slap';
import { SlaposCommand } from '../../base/slapos-command.js';
import { listSchemaParameters, type SchemaParameter, textOfValue } from '../../client/schema-parameters.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { OUTPUT_FORMATS } from '../../output/output-format.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';
import { type Column, renderList } from '../../output/render-result.js';

const FORMATS = [...OUTPUT_FORMATS, 'markdown'] as const;
const COLUMNS: readonly Column<SchemaParameter>[] = [
  { name: 'name', value: ({ name, isRequired }) => (isRequired ? `${name} *` : name) },
  { name: 'type', value: ({ type }) => type },
  { name: 'default', value: ({ preset }) => (preset === undefined ? '' : textOfValue(preset)) },
  { name: 'allowed', value: ({ allowed, bounds }) => allowed?.map(textOfValue).join(', ') ?? bounds },
  { name: 'description', value: ({ title, description }) => oneLine(description ?? title ?? '') },
];

/** `slapos software schema` (spec: ux-ideas §13). */
export default class SoftwareSchema extends SlaposCommand {
  static override summary = "list the parameters of a Software Release's instances";
  static override description =
    'Reads the schemas that lie beside the release: which parameters a software type takes, with their types, defaults and allowed values. A * marks what must be given.';
  static override examples = [
    'slapos software schema https://example.org/software/kvm/software.cfg',
    'slapos software schema ./software.cfg --type frontend --output markdown',
  ];
  static override args = {
    software_url: Args.string({ required: true, description: 'URL or path of the Software Release' }),
  };
  static override flags = {
    ...outputFlags,
    output: Flags.option({
      description: 'how the result is shown; SLAPOS_OUTPUT names another default',
      options: FORMATS,
      helpValue: FORMATS.join('|'),
    })(),
    type: Flags.string({ description: 'software type (default)', helpValue: 'TYPE' }),
    shared: Flags.boolean({ description: 'those of a shared instance' }),
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(SoftwareSchema);
    const release = new SoftwareReleaseSchema({
      softwareReleaseUrl: args.software_url,
      softwareType: flags.type,
      shared: flags.shared,
      logger: this.logger,
    });
    const schema = await release.getInstanceRequestParameterSchema();
    if (schema === undefined) {
      const types = Object.keys((await release.getSoftwareSchema())?.['software-type'] ?? {});
      throw new CliError(
        'CLI_INPUT',
        `There is no schema of the parameters of software type ${release.softwareType} of ${args.software_url}.`,
        {
          hint:
            types.length > 0
              ? `Its software types are ${types.join(', ')}.`
              : `It would be named by ${args.software_url}.json.`,
        },
      );
    }
    const items = listSchemaParameters(schema);
    if (flags.output === 'markdown') {
      this.log(markdownTable(items));
      return EXIT_CODES.OK;
    }
    const { output, json, columns, 'no-headers': noHeaders } = flags;
    const format = outputFormat({ output, json, columns, 'no-headers': noHeaders });
    const about = {
      softwareUrl: args.software_url,
      softwareType: release.softwareType,
      schemaUrl: await release.getInstanceRequestParameterSchemaUrl(),
    };
    const table = await renderList(
      { kind: 'SoftwareSchema', items, columns: COLUMNS, about, document: documentOf, text: () => '' },
      // The text is the table.
      { output: format === 'text' ? 'table' : format, columns, 'no-headers': noHeaders },
    );
    this.log(table);
    return EXIT_CODES.OK;
  }
}

function documentOf({ name, type, isRequired, preset, allowed, bounds, title, description }: SchemaParameter): unknown {
  return { name, type, required: isRequired, default: preset, allowed, bounds, title, description };
}

function markdownTable(items: readonly SchemaParameter[]): string {
  const row = (cells: readonly unknown[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  const rows = items.map((item) => row(COLUMNS.map(({ value }) => value(item))));
  return [row(COLUMNS.map(({ name }) => name)), row(COLUMNS.map(() => '---')), ...rows].join('\n');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
