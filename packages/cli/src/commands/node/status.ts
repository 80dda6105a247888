import { Flags } from '@oclif/core';
import { checkRoot } from '../../base/root-check.js';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { CliError } from '../../errors.js';
import { isInteractive } from '../../console/terminal.js';
import {
  documentOf,
  exitStatusOf,
  fingerprintOf,
  type NodeStatus as Status,
  readNodeStatus,
  STATUS_COLUMNS,
} from '../../node/node-status.js';
import {
  connectSupervisor,
  isLaunchForbidden,
  nodeSupervisorOf,
  runSupervisorctl,
  startSupervisor,
} from '../../node/supervisor-commands.js';
import { watch } from '../../node/watch.js';
import { type PassState, readPassState } from '../../pass-outputs/pass-state.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';
import { renderList } from '../../output/render-result.js';

const MILLISECONDS = 1000;
const DEFAULT_INTERVAL_S = '2';

/** `slapos node status` (spec: cli §3.13, ux-ideas §8). */
export default class NodeStatus extends SlaposCommand {
  static override summary = 'show the status of processes: supervisorctl status, also as a table or document, and live';
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
    failed: Flags.boolean({ description: 'only services that gave up or ended with a failure' }),
    'only-cp': Flags.string({ description: 'only services of this partition', helpValue: 'PARTITION' }),
  };

  override async run(): Promise<number> {
    const { flags, argv } = await this.parse(NodeStatus);
    const names = argv as string[];
    const config = await this.loadConfig('node', flags.cfg);
    checkRoot(config);
    const partition = flags['only-cp'];
    const format = outputFormat(flags);
    const isPlain = format === 'text' && !flags.watch && !flags.failed && partition === undefined;
    if (isPlain) return runSupervisorctl(config, ['status', ...names], this.logger, this.signal);

    const node = await nodeSupervisorOf(config);
    if (!isLaunchForbidden(config)) await startSupervisor(node, this.logger);
    const supervisor = connectSupervisor(node, this.logger);
    const selection = { names, partition, failed: flags.failed };
    const look = async (): Promise<Status & { readonly pass: PassState | undefined }> => ({
      ...(await readNodeStatus(supervisor, selection)),
      pass: await readPassState(node.instanceRoot),
    });
    const render = (status: Awaited<ReturnType<typeof look>>): Promise<string> =>
      renderList(
        {
          kind: 'NodeStatus',
          items: status.services,
          columns: STATUS_COLUMNS,
          text: () => '',
          document: documentOf,
          about: { supervisor: status.supervisor, unknown: status.complaints, pass: status.pass ?? null },
        },
        format === 'text' ? { ...flags, output: 'table' } : flags,
      );
    if (!flags.watch) {
      const status = await look();
      this.log(await render(status));
      this.#explain(status);
      return exitStatusOf(status);
    }
    const isDocument = format === 'json' || format === 'yaml';
    return exitStatusOf(
      await watch({
        look,
        render: async (status) => (format === 'yaml' ? `---\n${await render(status)}` : render(status)),
        fingerprint: fingerprintOf,
        intervalMs: intervalOf(flags.interval ?? DEFAULT_INTERVAL_S),
        signal: this.signal,
        output: process.stdout,
        keyboard: process.stdin,
        inPlace: !isDocument && isInteractive(process.stdout, process.env),
      }),
    );
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
