import { dataLogFolder, openCollector } from '@slapos/collect';
import { Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { readCollectOptions } from '../../metering/collect-options.js';
import { databaseText, readInstant } from '../../metering/instants.js';
import { readUsage, USAGE_COLUMNS, usageCsv } from '../../metering/usage-report.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';
import { OUTPUT_FORMATS } from '../../output/output-format.js';
import { renderList } from '../../output/render-result.js';

const FORMATS = [...OUTPUT_FORMATS, 'csv'] as const;
const DEFAULT_SINCE = '24h';

/** `slapos node usage`: what partitions used. */
export default class NodeUsage extends SlaposCommand {
  static override summary = 'show what the partitions used';
  static override description =
    'Sums up what slapos node collect has measured: averages, peaks, disk traffic and folders. Instants are in UTC, unless they name a zone. Anybody may ask.';
  static override examples = [
    'slapos node usage --since 7d',
    'slapos node usage --since 2026-11-01 --until 2026-12-01 --output csv',
  ];
  static override flags = {
    cfg: configFlag,
    ...outputFlags,
    output: Flags.option({
      description: 'how the result is shown; SLAPOS_OUTPUT names another default',
      options: FORMATS,
      helpValue: FORMATS.join('|'),
    })(),
    since: Flags.string({
      description: `from when on: a time ago (30m, 2h, 7d), or a date, perhaps with a time; ${DEFAULT_SINCE} by default`,
      default: DEFAULT_SINCE,
      helpValue: 'WHEN',
    }),
    until: Flags.string({ description: 'until when; now by default', helpValue: 'WHEN' }),
    'only-cp': Flags.string({
      description: 'only these partitions, separated by commas',
      aliases: ['only'],
      helpValue: 'LIST',
    }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeUsage);
    const now = Date.now();
    const since = readInstant(flags.since, '--since', now);
    const until = flags.until === undefined ? new Date(now) : readInstant(flags.until, '--until', now);
    if (since > until)
      throw new CliError('CLI_USAGE', `argument --since: ${since.toISOString()} is after ${until.toISOString()}`);
    const options = readCollectOptions(await this.loadConfig('node', flags.cfg));
    await using reader = openCollector(dataLogFolder(options.instanceRoot));
    const only = flags['only-cp']?.split(',').filter((name) => name !== '') ?? [];
    const period = { from: databaseText(since), to: databaseText(until) };
    const { partitions, machine } = await readUsage(reader, options, period, only);

    const { output, ...others } = flags;
    if (output === 'csv') {
      process.stdout.write(usageCsv(partitions));
      return EXIT_CODES.OK;
    }
    const shown = { ...others, output };
    this.log(
      await renderList(
        {
          kind: 'NodeUsage',
          items: partitions,
          columns: USAGE_COLUMNS,
          text: () => '',
          document: (use) => ({ ...use, diskBytes: use.diskBytes ?? null }),
          about: { since: since.toISOString(), until: until.toISOString(), machine },
        },
        outputFormat(shown) === 'text' ? { ...shown, output: 'table' } : shown,
      ),
    );
    if (partitions.length === 0 && outputFormat(shown) === 'text')
      this.logger.info(`Nothing was measured between ${since.toISOString()} and ${until.toISOString()}.`);
    return EXIT_CODES.OK;
  }
}
