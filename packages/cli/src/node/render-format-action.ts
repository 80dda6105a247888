import type { FormatAction, FormatResult, PlannedChange } from '@slapos/format';
import { type AccountChange, renderNetworkChange } from '@slapos/host';

/** An action as `--dry-run` prints it: the command that would be run, or what would be done to which file, and why. */
export function renderFormatAction(action: FormatAction, masterUrl: string): string {
  return `${formatActionText(action, masterUrl)}  (${action.reason})`;
}

/** One and several of what an action changes. */
const COUNTED: Readonly<Record<FormatAction['kind'], readonly [string, string] | undefined>> = {
  account: ['user or group', 'users and groups'],
  network: ['interface, address or route', 'interfaces, addresses and routes'],
  makeFolder: ['folder', 'folders'],
  changeMode: ['folder', 'folders'],
  changeOwner: ['folder', 'folders'],
  writeResource: ['file', 'files'],
  writeFile: ['file', 'files'],
  writeState: ['file', 'files'],
  send: undefined,
};

/** What a run changed, in a line: `2 partitions; changed: 5 users and groups, 24 interfaces, addresses and routes`. */
export function summarizeFormat({ computer, actions }: Pick<FormatResult, 'computer' | 'actions'>): string {
  const counts = new Map<string, { count: number; one: string }>();
  for (const { kind } of actions) {
    const [one = '', many] = COUNTED[kind] ?? [];
    if (many !== undefined) counts.set(many, { count: (counts.get(many)?.count ?? 0) + 1, one });
  }
  const changed = [...counts].map(([many, { count, one }]) => `${count} ${count === 1 ? one : many}`).join(', ');
  const amount = computer.partitions.length;
  const partitions = `${amount} partition${amount === 1 ? '' : 's'}`;
  return changed === '' ? `${partitions}; nothing had to be changed` : `${partitions}; changed: ${changed}`;
}

/** The same without the reason. */
export function formatActionText(action: FormatAction, masterUrl: string): string {
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
