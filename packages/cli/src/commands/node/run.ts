import { Flags } from '@oclif/core';
import {
  createServiceManager,
  daemonSectionSchema,
  NodeDaemon,
  openHealthServer,
  readHealthAddress,
  type ScheduledPass,
} from '@slapos/grid';
import { createLinuxHost } from '@slapos/host';
import { keepHeapSmall } from '@slapos/proxy/small-heap';
import { checkRoot } from '../../base/root-check.js';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { checkSection, mergeSections } from '../../config/check-section.js';
import type { ConfigFile } from '../../config/config-file.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { MasterFollower } from '../../node/follow-master.js';
import { flagsAsKeys } from '../../node/pass-flags.js';
import { meterOfPartitions } from '../../metering/partition-metrics.js';
import { scheduledPasses } from '../../node/scheduled-passes.js';
import { onHangUp } from '../../signals/on-hang-up.js';

const MS_PER_SECOND = 1000;

/** `slapos node run`: what cron does for a node, in one process. */
export default class NodeRun extends SlaposCommand {
  static override summary = 'run all passes, each on its schedule';
  static override description =
    'Stays, and runs the software, instance and report passes, format (if [slapformat] is there) and collect (as root), each at its period, and those that a change is for as soon as a mini-master tells of it. Periods are times such as 60s, 5m, 1h or 1d, or never; the keys are those of [daemon]. SIGHUP: read the configuration again and run everything now. SIGTERM: end after the current steps. It takes the same locks as the commands, so that these can be used beside it.';
  static override examples = ['slapos node run', 'slapos node run --listen unix:/run/slapos.sock --software-period 5m'];
  static override flags = {
    cfg: configFlag,
    'software-period': Flags.string({ description: 'time between two software passes (60s)', helpValue: 'TIME' }),
    'instance-period': Flags.string({ description: 'time between two instance passes (60s)', helpValue: 'TIME' }),
    'report-period': Flags.string({ description: 'time between two report passes (1h)', helpValue: 'TIME' }),
    'format-period': Flags.string({ description: 'time between two runs of format (1d)', helpValue: 'TIME' }),
    'collect-period': Flags.string({ description: 'time between two snapshots (60s)', helpValue: 'TIME' }),
    listen: Flags.string({
      description: 'tell /healthz and /metrics here: unix:/PATH, 127.0.0.1:PORT or [::1]:PORT',
      helpValue: 'WHERE',
    }),
  };

  override async run(): Promise<number> {
    // It stays for months beside what it runs.
    keepHeapSmall();
    const { flags } = await this.parse(NodeRun);
    const { passes, listen, config } = await this.#read(flags);
    if (passes.length === 0)
      throw new CliError('CLI_CONFIGURATION', 'There is nothing to run: every period is never', {
        hint: 'Set one of the periods of [daemon], or leave it out.',
      });
    const host = createLinuxHost({ logger: this.logger, environment: process.env });
    const service = createServiceManager(process.env['NOTIFY_SOCKET'], {
      commands: host.commands,
      logger: this.logger,
    });
    const daemon = new NodeDaemon(passes, { clock: host.clock, logger: this.logger });
    await using health =
      listen === undefined
        ? undefined
        : await openHealthServer(
            readHealthAddress(listen),
            () => daemon.status(),
            await meterOfPartitions(config, host.users, this.logger),
          );
    if (health !== undefined) this.logger.info(`Health and metrics: ${health.address}`);
    await using follower = new MasterFollower((pass) => void daemon.runNow(pass), this.logger);
    using _hangUp = onHangUp(() => {
      void this.#reload(daemon, follower, flags, service.notify.bind(service));
    });
    this.logger.info(
      `Running ${passes.map(({ name, periodMs }) => `${name} every ${periodMs / MS_PER_SECOND} s`).join(', ')}.`,
    );
    const running = daemon.run(this.signal);
    follower.follow(config);
    await service.notify('READY=1');
    this.signal.addEventListener('abort', () => void service.notify('STOPPING=1'), { once: true });
    await running;
    this.logger.info('All passes have ended.');
    return EXIT_CODES.OK;
  }

  async #read(
    flags: Readonly<Record<string, unknown>>,
  ): Promise<{ passes: ScheduledPass[]; listen: string | undefined; config: ConfigFile }> {
    const config = await this.loadConfig('node', typeof flags['cfg'] === 'string' ? flags['cfg'] : undefined);
    checkRoot(config);
    const section = checkSection(daemonSectionSchema, mergeSections(config, ['daemon'], flagsAsKeys(flags)), config, [
      'daemon',
    ]);
    const program = await this.program();
    const run = (id: string, words: string[]): Promise<unknown> => program.runCommand(id, words);
    const passes = scheduledPasses(section, config, run, (id) => program.findCommand(id) !== undefined);
    return { passes, listen: section.listen, config };
  }

  /** A configuration that cannot be used changes nothing. */
  async #reload(
    daemon: NodeDaemon,
    follower: MasterFollower,
    flags: Readonly<Record<string, unknown>>,
    notify: (...notices: ('RELOADING=1' | 'READY=1')[]) => Promise<void>,
  ): Promise<void> {
    await notify('RELOADING=1');
    try {
      const { passes, config } = await this.#read(flags);
      daemon.reload(passes);
      follower.follow(config);
      this.logger.info('Read the configuration again.');
    } catch (error) {
      this.logger.error('Cannot read the configuration again: everything stays as it was', { error });
    }
    await notify('READY=1');
  }
}
