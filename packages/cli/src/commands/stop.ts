import { StateCommand, stateFlags } from '../base/state-command.js';

/** `slapos stop` (spec: ux-ideas §18). */
export default class Stop extends StateCommand {
  static override summary = 'stop an instance';
  static override description = 'Release, type, parameters and place of the instance stay as they were requested.';
  static override examples = ['slapos stop my-web --wait'];
  static override flags = stateFlags;

  protected override readonly state = 'stopped';
}
