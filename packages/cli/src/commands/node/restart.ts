import { SupervisorctlCommand } from '../../base/supervisorctl-command.js';

/** `slapos node restart` (spec: cli §3.13). */
export default class NodeRestart extends SupervisorctlCommand {
  static override summary = 'alias for supervisorctl restart: restart processes';
  protected override readonly action = ['restart'];
}
