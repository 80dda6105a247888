import { SupervisorctlCommand } from '../../base/supervisorctl-command.js';

/** `slapos node stop` (spec: cli §3.13). */
export default class NodeStop extends SupervisorctlCommand {
  static override summary = 'alias for supervisorctl stop: stop processes';
  protected override readonly action = ['stop'];
}
