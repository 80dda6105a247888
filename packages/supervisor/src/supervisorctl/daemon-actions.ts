import { FAULTS } from '../errors.js';
import type { Control } from './control.js';

const SHUTTING_DOWN = { [FAULTS.SHUTDOWN_STATE]: 'ERROR: already shutting down' };
const UNIX_SCHEME = 'unix://';

/** `shutdown`: ends all services and the supervisor. */
export async function shutdown(control: Control): Promise<void> {
  if (control.confirm && !(await control.confirm('Really shut the supervisor and all services down y/N? '))) return;
  if (await control.attempt(() => control.call('shutdown'), SHUTTING_DOWN)) control.line('Shut down');
}

/** `reload`: starts the supervisor again, and with it all services that start by themselves. */
export async function reload(control: Control): Promise<void> {
  if (control.confirm && !(await control.confirm('Really restart the supervisor y/N? '))) return;
  if (await control.attempt(() => control.call('restart'), SHUTTING_DOWN)) control.line('Restarted supervisord');
}

/** `open unix://SOCKET`: talks to another supervisor from here on. */
export async function openSocket(control: Control, [url, ...more]: readonly string[]): Promise<void> {
  if (url?.startsWith(`${UNIX_SCHEME}/`) !== true || more.length > 0) {
    control.refuse('open requires one unix:// address, such as unix:///srv/slapgrid/sv.sock');
    return;
  }
  control.socket = url.slice(UNIX_SCHEME.length);
}
