import { SupervisorctlCommand } from '../../base/supervisorctl-command.js';

/** `slapos node supervisorctl` (spec: cli §3.13). */
export default class NodeSupervisorctl extends SupervisorctlCommand {
  static override summary = 'open supervisor console, for process management';
  protected override readonly action = [];
}
