import { Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { nodeSupervisorOf, runSupervisorUntilEnd, startSupervisor } from '../../node/supervisor-commands.js';

/** `slapos node supervisord` (spec: cli §3.12). */
export default class NodeSupervisord extends SlaposCommand {
  static override summary = 'launch, if not already running, supervisor daemon';
  static override flags = {
    cfg: configFlag,
    nodaemon: Flags.boolean({ char: 'n', description: 'stay in the foreground' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeSupervisord);
    const node = await nodeSupervisorOf(await this.loadConfig('node', flags.cfg));
    if (flags.nodaemon) return runSupervisorUntilEnd(node, this.logger, this.signal);
    await startSupervisor(node, this.logger);
    return EXIT_CODES.OK;
  }
}
