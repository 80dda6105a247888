import { StateCommand, stateFlags } from '../base/state-command.js';

/** `slapos start` (spec: ux-ideas §18). */
export default class Start extends StateCommand {
  static override summary = 'start an instance';
  static override description = 'Release, type, parameters and place of the instance stay as they were requested.';
  static override examples = ['slapos start my-web --wait'];
  static override flags = stateFlags;

  protected override readonly state = 'started';
}
