import { StateCommand, stateFlags } from '../../base/state-command.js';

/** `slapos service start` (spec: ux-ideas §18). */
export default class ServiceStart extends StateCommand {
  static override summary = 'start an instance, as slapos start does';
  static override description = 'Release, type, parameters and place of the instance stay as they were requested.';
  static override examples = ['slapos service start my-web --wait'];
  static override flags = stateFlags;

  protected override readonly state = 'started';
}
