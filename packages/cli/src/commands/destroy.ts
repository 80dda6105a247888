import { DestroyCommand, destroyFlags } from '../base/destroy-command.js';

/** `slapos destroy` (spec: ux-ideas §18). */
export default class Destroy extends DestroyCommand {
  static override summary = 'destroy an instance';
  static override description =
    'Its services are stopped and its data removed when its computer reports next. The name is to be typed again, unless --yes is given.';
  static override examples = ['slapos destroy my-web --yes --wait'];
  static override flags = destroyFlags;
}
