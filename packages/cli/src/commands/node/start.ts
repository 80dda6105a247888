import { SupervisorctlCommand } from '../../base/supervisorctl-command.js';

/** `slapos node start` (spec: cli §3.13). */
export default class NodeStart extends SupervisorctlCommand {
  static override summary = 'alias for supervisorctl start: start processes';
  protected override readonly action = ['start'];
}
