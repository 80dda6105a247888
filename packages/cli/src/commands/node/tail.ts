import { SupervisorctlCommand } from '../../base/supervisorctl-command.js';

/** `slapos node tail` (spec: cli §3.13). */
export default class NodeTail extends SupervisorctlCommand {
  static override summary = 'alias for supervisorctl tail: show the end of the log of a process';
  protected override readonly action = ['tail'];
}
