import type { AccountChange, UserIdentity } from '@slapos/host';
import type { Computer, Partition } from '../computer/computer.js';
import { computerToWire, partitionToWire, renderWireDocument } from '../computer/document.js';
import type { MachineFacts } from '../computer/computer.js';
import { indentDocument } from '../computer/indent-document.js';
import { renderSortedJson } from '../computer/python-json.js';
import { renderMachineDefinition } from '../config/definition.js';
import type { FormatOptions } from '../config/options.js';
import { FormatError } from '../errors.js';
import type { PlannedChange } from '../network/network-state.js';

/** The file in which a partition finds its own addresses (spec: format §7). */
export const RESOURCE_FILE = '.slapos-resource';
const ROOT_MODE = 0o755;
const PARTITION_MODE = 0o750;
const CERTIFICATES_MODE = 0o700;
const RESOURCE_INDENT = 4;
const STATE_INDENT = 2;

export interface FolderFacts {
  readonly kind: 'folder' | 'link-to-folder' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What `observeMachine` saw. */
export interface ObservedMachine {
  readonly isRoot: boolean;
  readonly ourUid: number;
  readonly folders: ReadonlyMap<string, FolderFacts>;
  readonly users: ReadonlyMap<string, UserIdentity>;
  /** Content of `.slapos-resource` by partition. */
  readonly resources: ReadonlyMap<string, string>;
  readonly stateDocument: string | undefined;
  readonly stateArchiveExists: boolean;
  readonly stateJson: string | undefined;
  readonly definition: string | undefined;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What a run may do, with what each needs to know. */
export interface FormatActions {
  /** Missing parents are made with mode 0755. */
  makeFolder: { readonly path: string; readonly mode: number; readonly owner: Owner | undefined };
  account: { readonly change: AccountChange };
  network: { readonly change: PlannedChange };
  changeOwner: { readonly path: string; readonly owner: Owner };
  changeMode: { readonly path: string; readonly mode: number };
  writeResource: { readonly partitionPath: string; readonly content: string };
  writeFile: { readonly path: string; readonly content: string };
  /** `former`: what goes to the archive first. */
  writeState: { readonly path: string; readonly content: string; readonly former: string | undefined };
  send: { readonly document: string };
}

/** One step of a plan, and why it is one. */
export type FormatAction = {
  [Kind in keyof FormatActions]: { readonly kind: Kind; readonly reason: string } & FormatActions[Kind];
}[keyof FormatActions];

/**
 * The two roots (spec: format §3 step 5). Pure.
 * @throws FormatError `FORMAT_NO_USER`, `FORMAT_FOLDER`
 */
export function planRoots(observed: ObservedMachine, computer: Computer, options: FormatOptions): FormatAction[] {
  checkUsers(observed, computer);
  const softwareOwner = ownerOf(observed, computer.softwareUser);
  return [
    ...planFolder(observed, computer.instanceRoot, ROOT_MODE, undefined),
    ...planFolder(observed, computer.softwareRoot, ROOT_MODE, softwareOwner, options.alterUser),
  ];
}

/**
 * What is left to be done, in order, once users and network are there; on a machine that is formatted, only sending (spec: format §3
 * step 8 to 13). Pure.
 * @throws FormatError `FORMAT_FOLDER`
 */
export function planPartitions(
  observed: ObservedMachine,
  computer: Computer,
  facts: MachineFacts,
  options: FormatOptions,
): FormatAction[] {
  const wire = computerToWire(computer, facts);
  const document = renderWireDocument(wire);
  return [
    ...computer.partitions.flatMap((partition) => planPartition(observed, partition, options)),
    ...(options.certificateRepositoryPath === undefined || observed.folders.has(options.certificateRepositoryPath)
      ? []
      : planFolder(observed, options.certificateRepositoryPath, CERTIFICATES_MODE, undefined)),
    ...(options.computerJson === undefined
      ? []
      : planFile(options.computerJson, renderSortedJson(wire, STATE_INDENT), observed.stateJson)),
    ...planState(observed, options.computerXml, indentDocument(document)),
    ...(options.outputDefinitionFile === undefined
      ? []
      : planFile(options.outputDefinitionFile, renderMachineDefinition(asDefinition(computer)), observed.definition)),
    { kind: 'send', reason: 'the master is told at each run', document },
  ];
}

function checkUsers(observed: ObservedMachine, computer: Computer): void {
  const missing = [...new Set(computer.partitions.map(({ user }) => user.name))].filter(
    (name) => !observed.users.has(name),
  );
  if (missing.length > 0) {
    throw new FormatError('FORMAT_NO_USER', `The partitions need users that do not exist: ${missing.join(', ')}`, {
      hint: 'Users are not altered in this run (alter_user is False): create them, or name existing ones in the definition file.',
    });
  }
}

/**
 * Who a folder that root makes is given to. A folder that would stay root's could never be used: the agent refuses to run anything of a
 * partition as root. Folders that exist keep their owner unless users are altered.
 */
function ownerOf(observed: ObservedMachine, userName: string): Owner | undefined {
  const user = observed.users.get(userName);
  return observed.isRoot && user ? { uid: user.uid, gid: user.gid } : undefined;
}

function planPartition(observed: ObservedMachine, partition: Partition, options: FormatOptions): FormatAction[] {
  const content = renderSortedJson(partitionToWire(partition), RESOURCE_INDENT);
  const former = observed.resources.get(partition.partitionId);
  const resource: FormatAction[] =
    former === content
      ? []
      : [
          {
            kind: 'writeResource',
            reason: former === undefined ? 'not there' : 'differs',
            partitionPath: partition.path,
            content,
          },
        ];
  const owner = ownerOf(observed, partition.user.name);
  const folders = [partition.path, ...partition.externalStorage];
  return [
    ...folders.flatMap((folder) => planFolder(observed, folder, PARTITION_MODE, owner, options.alterUser)),
    ...resource,
  ];
}

function planFolder(
  observed: ObservedMachine,
  path: string,
  mode: number,
  owner: Owner | undefined,
  mayChangeOwner = false,
): FormatAction[] {
  const facts = observed.folders.get(path);
  if (facts === undefined) return [{ kind: 'makeFolder', reason: 'not there', path, mode, owner }];
  // An operator may put the two roots on another disk with a link; nobody does so with a partition.
  if (facts.kind === 'link-to-folder' && mode === ROOT_MODE) return [];
  if (facts.kind !== 'folder') {
    throw new FormatError(
      'FORMAT_FOLDER',
      `${path} is ${facts.kind === 'other' ? 'not a folder' : 'a symbolic link'}, and a folder is needed there`,
      {
        hint: 'Move it away; the next run makes the folder.',
      },
    );
  }
  const differs = owner !== undefined && (facts.uid !== owner.uid || facts.gid !== owner.gid);
  return [
    ...(differs && mayChangeOwner
      ? [{ kind: 'changeOwner' as const, reason: `owner is ${facts.uid}:${facts.gid}`, path, owner }]
      : []),
    ...(facts.mode === mode
      ? []
      : [{ kind: 'changeMode' as const, reason: `mode is 0${facts.mode.toString(8)}`, path, mode }]),
  ];
}

function planFile(path: string, content: string, former: string | undefined): FormatAction[] {
  if (former === content) return [];
  return [{ kind: 'writeFile', reason: former === undefined ? 'not there' : 'differs', path, content }];
}

function planState(observed: ObservedMachine, path: string, content: string): FormatAction[] {
  const former = observed.stateDocument;
  // The reference adds the first repeat to the archive even without a change; so do we, that both leave the same files.
  if (former === content && observed.stateArchiveExists) return [];
  const reason = former === undefined ? 'not there' : former === content ? 'not archived yet' : 'differs';
  return [{ kind: 'writeState', reason, path, content, former }];
}

function asDefinition(computer: Computer): Parameters<typeof renderMachineDefinition>[0] {
  return {
    address:
      computer.address !== null && computer.netmask !== null
        ? { addr: computer.address, netmask: computer.netmask }
        : undefined,
    softwareUser: computer.softwareUser,
    partitions: computer.partitions.map((partition) => ({
      partitionId: partition.partitionId,
      userName: partition.user.name,
      networkInterface: partition.tap.name,
      addresses: partition.addresses,
      ipv6Range: partition.ipv6Range,
      capabilities: partition.capabilities,
    })),
  };
}
