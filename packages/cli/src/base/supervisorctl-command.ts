import { runSupervisorctl, takeConfigOption } from '../node/supervisor-commands.js';
import { checkRoot } from './root-check.js';
import { SlaposCommand } from './slapos-command.js';

/** A command that hands its words to supervisorctl, its own name in front (spec: cli §3.13). */
export abstract class SupervisorctlCommand extends SlaposCommand {
  static override strict = false;

  /** What stands before the user's words; empty for `supervisorctl` itself. */
  protected abstract readonly action: readonly string[];

  override async run(): Promise<number> {
    const { cfg, rest } = takeConfigOption(this.argv);
    const config = await this.loadConfig('node', cfg);
    checkRoot(config);
    return runSupervisorctl(config, [...this.action, ...rest], this.logger, this.signal);
  }
}
