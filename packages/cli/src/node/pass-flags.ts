import { Flags } from '@oclif/core';
import { configFlag } from '../base/slapos-command.js';

/** What every pass takes; a flag that was not given hides nothing of the file (spec: cli §3.1). */
export const passFlags = {
  cfg: configFlag,
  'instance-root': Flags.string({ description: 'folder of the partitions', helpValue: 'DIR' }),
  'software-root': Flags.string({ description: 'folder of the Software Releases', helpValue: 'DIR' }),
  'master-url': Flags.string({ description: 'URL of the master', helpValue: 'URL' }),
  'computer-id': Flags.string({ description: 'reference of this computer, such as COMP-1234', helpValue: 'ID' }),
  'supervisord-socket': Flags.string({
    description: 'accepted for old scripts; the socket is in the instance root',
    helpValue: 'FILE',
  }),
  'supervisord-configuration-path': Flags.string({
    description: 'accepted for old scripts; it is in the instance root',
    helpValue: 'FILE',
  }),
  buildout: Flags.string({ description: 'program that bootstraps a buildout', helpValue: 'FILE' }),
  pidfile: Flags.string({ description: 'lock of this pass', helpValue: 'FILE' }),
  'key-file': Flags.string({ description: "key of the computer's certificate", helpValue: 'FILE' }),
  'cert-file': Flags.string({ description: "the computer's certificate", helpValue: 'FILE' }),
  'signature-private-key-file': Flags.string({
    description: 'key that signs what goes to the binary cache',
    helpValue: 'FILE',
  }),
  'master-ca-file': Flags.string({ description: "who signed the master's certificate", helpValue: 'FILE' }),
  'certificate-repository-path': Flags.string({
    description: "folder of the partitions' certificates",
    helpValue: 'DIR',
  }),
  'maximum-periodicity': Flags.integer({
    description: 'seconds after which a partition is processed again (86400)',
    helpValue: 'N',
  }),
  'promise-timeout': Flags.integer({ description: 'seconds that one promise may take (20)', helpValue: 'N' }),
  'partition-timeout': Flags.integer({
    description: "seconds that a partition's buildout may take (no limit)",
    helpValue: 'N',
  }),
  jobs: Flags.integer({ description: 'how many at a time', helpValue: 'N' }),
  now: Flags.boolean({ description: 'start at once' }),
  'maximal-delay': Flags.integer({
    description: 'start after a random time of at most so many seconds',
    helpValue: 'N',
  }),
} as const;

/** Flags that say how the command runs, and are no keys of the configuration. */
const NOT_KEYS = new Set(['cfg', 'dry-run']);

/** The given flags as keys and texts of a configuration. */
export function flagsAsKeys(flags: Readonly<Record<string, unknown>>): Record<string, string> {
  const keys: Record<string, string> = {};
  for (const [name, value] of Object.entries(flags)) {
    if (NOT_KEYS.has(name) || value === false) continue;
    if (typeof value === 'string' || typeof value === 'number' || value === true) {
      keys[name.replaceAll('-', '_')] = String(value);
    }
  }
  return keys;
}
