import { Flags } from '@oclif/core';
import { checkRoot } from '../../base/root-check.js';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import type { ConfigFile } from '../../config/config-file.js';
import { nonEmpty } from '../../config/non-empty.js';
import { isInteractive } from '../../console/terminal.js';
import { CliError } from '../../errors.js';
import { exitStatusOf, type NodeStatus as Status } from '../../node/node-status.js';
import { lookAtNode, serviceView, type StatusLook, type StatusView } from '../../node/status-view.js';
import {
  connectSupervisor,
  isLaunchForbidden,
  nodeSupervisorOf,
  runSupervisorctl,
  startSupervisor,
} from '../../node/supervisor-commands.js';
import { watch } from '../../node/watch.js';
import type { AskMaster } from '../../node-dashboard/dashboard-view.js';
import { type OutputFlagValues, outputFlags, outputFormat } from '../../output/output-flags.js';

const MILLISECONDS = 1000;
const DEFAULT_INTERVAL_S = '2';

/** `slapos node status` (spec: cli §3.13, ux-ideas §8). */
export default class NodeStatus extends SlaposCommand {
  static override summary = 'show the status of processes: supervisorctl status, also as a table or document, and live';
  static override description =
    'Without options: the lines of supervisorctl. As a table, or live: one row for each partition with what is wrong in it, or with --services one for each service. Documents hold the services, or with --partitions the partitions.';
  static override examples = [
    'slapos node status --output table',
    'slapos node status --watch',
    'slapos node status --services --failed',
    'slapos node status --only-cp slappart3 --json',
  ];
  static override strict = false;
  static override flags = {
    cfg: configFlag,
    ...outputFlags,
    watch: Flags.boolean({ description: 'show it again when something changes, until q or Ctrl-C' }),
    interval: Flags.string({
      description: 'seconds between two looks; 2 by default',
      helpValue: 'SECONDS',
      dependsOn: ['watch'],
    }),
    services: Flags.boolean({ description: 'one row for each service', exclusive: ['partitions'] }),
    partitions: Flags.boolean({ description: 'one row for each partition', exclusive: ['columns', 'no-headers'] }),
    failed: Flags.boolean({ description: 'only services that gave up or failed, and partitions in trouble' }),
    'only-cp': Flags.string({ description: 'only this partition and its services', helpValue: 'PARTITION' }),
    master: Flags.boolean({ description: 'ask the master as well whether it answers' }),
  };

  override async run(): Promise<number> {
    const { flags, argv } = await this.parse(NodeStatus);
    const names = argv as string[];
    const config = await this.loadConfig('node', flags.cfg);
    checkRoot(config);
    const partition = flags['only-cp'];
    const format = outputFormat(flags);
    const hasChoice =
      flags.watch || flags.failed || flags.services || flags.partitions || flags.master || partition !== undefined;
    if (format === 'text' && !hasChoice)
      return runSupervisorctl(config, ['status', ...names], this.logger, this.signal);

    const node = await nodeSupervisorOf(config);
    if (!isLaunchForbidden(config)) await startSupervisor(node, this.logger);
    const supervisor = connectSupervisor(node, this.logger);
    const shown = format === 'text' ? { ...flags, output: 'table' as const } : flags;
    const isDocument = format === 'json' || format === 'yaml';
    const hasRows = flags.services || names.length > 0 || flags.columns !== undefined || flags['no-headers'];
    if (flags.partitions || !(isDocument || hasRows)) {
      const look = (): Promise<StatusLook> => lookAtNode(supervisor, node.instanceRoot, { names: [], partition });
      const { dashboardView } = await import('../../node-dashboard/dashboard-view.js');
      const query = {
        instanceRoot: node.instanceRoot,
        softwareRoot: nonEmpty(config.value('slapos', 'software_root')),
        computerId: nonEmpty(config.value('slapos', 'computer_id')),
        partition,
        failed: flags.failed,
      };
      const askMaster = flags.master ? this.#askMaster(config) : undefined;
      return this.#show(dashboardView(look, query, shown, { logger: this.logger, askMaster }), flags);
    }
    const selection = { names, partition, failed: flags.failed };
    return this.#show(
      serviceView(() => lookAtNode(supervisor, node.instanceRoot, selection), shown),
      flags,
    );
  }

  async #show<Look extends StatusLook>(
    { look, render, fingerprint }: StatusView<Look>,
    flags: OutputFlagValues & { readonly watch: boolean; readonly interval?: string | undefined },
  ): Promise<number> {
    if (!flags.watch) {
      const status = await look();
      this.log(await render(status));
      this.#explain(status);
      return exitStatusOf(status);
    }
    const format = outputFormat(flags);
    return exitStatusOf(
      await watch({
        look,
        render: async (status) => (format === 'yaml' ? `---\n${await render(status)}` : render(status)),
        fingerprint,
        intervalMs: intervalOf(flags.interval ?? DEFAULT_INTERVAL_S),
        signal: this.signal,
        output: process.stdout,
        keyboard: process.stdin,
        inPlace: format !== 'json' && format !== 'yaml' && isInteractive(process.stdout, process.env),
      }),
    );
  }

  #askMaster(config: ConfigFile): AskMaster {
    return async () => {
      const { checkAnswer } = await import('../../doctor/master-check.js');
      const url = nonEmpty(config.value('slapos', 'master_url'));
      if (url === undefined) return { isWell: false, message: 'is not configured' };
      const context = {
        config,
        origin: '',
        logger: this.logger,
        signal: this.signal,
        environment: process.env,
        now: Date.now,
      };
      const finding = (await checkAnswer(url, context)).find(({ severity }) => severity === 'error');
      return finding === undefined ? { isWell: true, message: 'ok' } : { isWell: false, message: finding.message };
    };
  }

  #explain({ supervisor, complaints }: Status): void {
    if (supervisor === 'absent') this.logger.error('No supervisor runs: slapos node supervisord starts one');
    for (const complaint of complaints) this.logger.error(complaint);
  }
}

function intervalOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds < 86_400) return seconds * MILLISECONDS;
  throw new CliError('CLI_USAGE', `argument --interval: '${text}' is no number of seconds between 0 and a day`);
}
