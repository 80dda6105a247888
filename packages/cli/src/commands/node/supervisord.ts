import { Flags } from '@oclif/core';
import { createLinuxHost } from '@slapos/host';
import { supervisorPaths } from '@slapos/supervisor';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { instanceRootOf, startSupervisor, supervisorOf } from '../../node/supervisor-commands.js';
import { writeSupervisorEnvironment } from '@slapos/supervisor';

/** `slapos node supervisord` (spec: cli §3.12). */
export default class NodeSupervisord extends SlaposCommand {
  static override summary = 'launch, if not already running, supervisor daemon';
  static override flags = {
    cfg: configFlag,
    nodaemon: Flags.boolean({ char: 'n', description: 'stay in the foreground' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeSupervisord);
    const instanceRoot = await instanceRootOf(await this.loadConfig('node', flags.cfg));
    if (!flags.nodaemon) {
      await startSupervisor(instanceRoot, this.logger);
      return EXIT_CODES.OK;
    }
    if (await supervisorOf(instanceRoot, this.logger).isRunning()) {
      this.logger.debug('Supervisord already running.');
      return EXIT_CODES.OK;
    }
    await writeSupervisorEnvironment({ instanceRoot });
    const { exitCode } = await createLinuxHost({ logger: this.logger }).commands.run(
      {
        file: 'supervisord',
        args: ['-c', supervisorPaths(instanceRoot).configuration, '--nodaemon'],
        emptyEnvironment: true,
        onLine: (line) => this.logger.info(line),
      },
      { signal: this.signal },
    );
    return exitCode ?? EXIT_CODES.FAILED;
  }
}
