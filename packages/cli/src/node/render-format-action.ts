import type { FormatAction, PlannedChange } from '@slapos/format';
import { type AccountChange, renderNetworkChange } from '@slapos/host';

/** An action as `--dry-run` prints it: the command that would be run, or what would be done to which file, and why. */
export function renderFormatAction(action: FormatAction, masterUrl: string): string {
  return `${whatOf(action, masterUrl)}  (${action.reason})`;
}

function whatOf(action: FormatAction, masterUrl: string): string {
  switch (action.kind) {
    case 'account':
      return accountCommand(action.change);
    case 'network':
      return networkCommand(action.change);
    case 'makeFolder': {
      const owner = action.owner === undefined ? '' : ` ${action.owner.uid}:${action.owner.gid}`;
      return `makeFolder ${action.path} 0${action.mode.toString(8)}${owner}`;
    }
    case 'changeMode':
      return `changeMode ${action.path} 0${action.mode.toString(8)}`;
    case 'changeOwner':
      return `changeOwner ${action.path} ${action.owner.uid}:${action.owner.gid}`;
    case 'writeResource':
      return `writeResource ${action.partitionPath}`;
    case 'writeFile':
    case 'writeState':
      return `${action.kind} ${action.path}`;
    case 'send':
      return `send ${masterUrl}`;
  }
}

function accountCommand(change: AccountChange): string {
  switch (change.kind) {
    case 'createGroup':
      return `groupadd ${change.name}`;
    case 'createUser': {
      const { name, home, group, groups = [], shell = '/bin/sh' } = change.user;
      const membership = groups.length > 0 ? ` -G ${groups.join(',')}` : '';
      return `useradd -d ${home} -g ${group} -s ${shell} -r${membership} ${name}`;
    }
    case 'modifyUser': {
      const { home, group, shell, joinGroups = [] } = change.change;
      const words = [
        ...(home === undefined ? [] : [`-d ${home}`]),
        ...(group === undefined ? [] : [`-g ${group}`]),
        ...(shell === undefined ? [] : [`-s ${shell}`]),
        ...(joinGroups.length === 0 ? [] : [`-a -G ${joinGroups.join(',')}`]),
      ];
      return `usermod ${words.join(' ')} ${change.name}`;
    }
    case 'lockPassword':
      return `passwd -l ${change.name}`;
  }
}

function networkCommand(change: PlannedChange): string {
  if (change.kind === 'allowNonlocalBind') return 'sysctl net.ipv6.ip_nonlocal_bind=1';
  if (change.kind !== 'addTunnel') return `ip ${renderNetworkChange(change).join(' ')}`;
  // The owner may be a user that does not exist yet, and has no number.
  return `ip tuntap add dev ${change.name} mode ${change.mode} user ${change.ownerName}`;
}
