import { SupervisorctlCommand } from '../../base/supervisorctl-command.js';

/** `slapos node status` (spec: cli §3.13). */
export default class NodeStatus extends SupervisorctlCommand {
  static override summary = 'alias for supervisorctl status: show the status of processes';
  protected override readonly action = ['status'];
}
