import { LiveMeter, type LiveUse, ProcFolder } from '@slapos/collect';
import { createLinuxHost } from '@slapos/host';
import { Flags } from '@oclif/core';
import { checkRoot } from '../../base/root-check.js';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { isInteractive } from '../../console/terminal.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { readCollectOptions } from '../../metering/collect-options.js';
import { renderTop, SORT_KEYS } from '../../metering/live-screen.js';
import { watch } from '../../node/watch.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';

const MILLISECONDS = 1000;
const DEFAULT_INTERVAL_SECONDS = 2;
/** Long enough to say something, short enough not to be waited for. */
const FIRST_LOOK_MS = 500;

/** `slapos node top`: what partitions use now. */
export default class NodeTop extends SlaposCommand {
  static override summary = 'show what the partitions use now';
  static override description =
    'Processors, memory and disk traffic of each partition, the greatest first, again and again until q or Ctrl-C; into a file or a pipe, once. Nothing is kept: slapos node usage tells of the past.';
  static override examples = ['slapos node top', 'slapos node top --once --sort memory --output json'];
  static override flags = {
    cfg: configFlag,
    ...outputFlags,
    interval: Flags.integer({
      description: `seconds between two looks; ${String(DEFAULT_INTERVAL_SECONDS)} by default`,
      helpValue: 'SECONDS',
      min: 1,
      max: 3600,
      default: DEFAULT_INTERVAL_SECONDS,
    }),
    sort: Flags.option({
      description: 'what the partitions are sorted by; cpu by default',
      options: SORT_KEYS,
      default: 'cpu' as const,
      helpValue: SORT_KEYS.join('|'),
    })(),
    'only-cp': Flags.string({
      description: 'only these partitions, separated by commas, also without processes',
      aliases: ['only'],
      helpValue: 'LIST',
    }),
    once: Flags.boolean({ description: 'look once, also on a terminal', exclusive: ['watch'] }),
    watch: Flags.boolean({ description: 'look again and again, also into a pipe' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeTop);
    const config = await this.loadConfig('node', flags.cfg);
    checkRoot(config);
    const { users } = readCollectOptions(config);
    await using host = createLinuxHost({ logger: this.logger });
    const meter = new LiveMeter(users, { users: host.users, proc: new ProcFolder() });
    const only = flags['only-cp']?.split(',').filter((name) => name !== '') ?? [];
    const render = (use: LiveUse): Promise<string> => renderTop(use, { only, sort: flags.sort }, flags);
    const intervalMs = flags.interval * MILLISECONDS;

    // Shares are those between two looks.
    await meter.look();
    const isDocument = ['json', 'yaml'].includes(outputFormat(flags));
    const inPlace = !isDocument && isInteractive(process.stdout, process.env);
    if (flags.once || !(flags.watch || inPlace)) {
      await host.clock.sleep(intervalMs, this.signal);
      this.log(await render(await meter.look()));
      return EXIT_CODES.OK;
    }
    await host.clock.sleep(FIRST_LOOK_MS, this.signal);
    await watch({
      look: () => meter.look(),
      render,
      fingerprint: (use) => JSON.stringify(use),
      intervalMs,
      signal: this.signal,
      output: process.stdout,
      keyboard: process.stdin,
      inPlace,
    });
    return EXIT_CODES.OK;
  }
}
