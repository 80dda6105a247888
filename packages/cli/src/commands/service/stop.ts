import { StateCommand, stateFlags } from '../../base/state-command.js';

/** `slapos service stop` (spec: ux-ideas §18). */
export default class ServiceStop extends StateCommand {
  static override summary = 'stop an instance, as slapos stop does';
  static override description = 'Release, type, parameters and place of the instance stay as they were requested.';
  static override examples = ['slapos service stop my-web --wait'];
  static override flags = stateFlags;

  protected override readonly state = 'stopped';
}
