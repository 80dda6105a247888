import { DestroyCommand, destroyFlags } from '../../base/destroy-command.js';

/** `slapos service destroy` (spec: ux-ideas §18). */
export default class ServiceDestroy extends DestroyCommand {
  static override summary = 'destroy an instance, as slapos destroy does';
  static override description =
    'Its services are stopped and its data removed when its computer reports next. The name is to be typed again, unless --yes is given.';
  static override examples = ['slapos service destroy my-web --yes --wait'];
  static override flags = destroyFlags;
}
