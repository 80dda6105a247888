import { randomInt } from 'node:crypto';
import { type AccountChange, DryRunAccounts, DryRunNetwork, type Host, type Logger } from '@slapos/host';
import type { Computer, MachineFacts } from '../computer/computer.js';
import { computerToWire, readStateDocument, renderStateDocument } from '../computer/document.js';
import { machineFacts, OS_RELEASE_FILES } from '../computer/facts.js';
import { wantedComputer } from '../computer/load-computer.js';
import type { FormatOptions } from '../config/options.js';
import type { NetworkStep, ObservedNetwork } from '../network/network-state.js';
import type { NetworkOptions, NetworkPlan } from '../network/plan-network.js';
import { planNetwork } from '../network/plan-network.js';
import { observeNetwork, pendingDetection, settleNetwork } from '../network/settle-network.js';
import { applyAccountChange, planUsers } from '../users/plan-users.js';
import { applyFormat } from './apply.js';
import { removeIntent, withIntent, writeIntent } from './intent.js';
import { observeMachine, readIfThere } from './observe.js';
import type { FormatAction } from './plan.js';
import { planPartitions, planRoots } from './plan.js';
import { findStorageHomes } from './storage-homes.js';

/** The computer as managers see it; `ManagedComputer` of `@slapos/manager`. */
export interface FormattedComputer {
  readonly computerId: string;
  readonly instanceRoot: string;
  readonly softwareRoot: string;
  readonly partitions: readonly { readonly partitionId: string; readonly userName: string }[];
  readonly logger: Logger;
}

/** What formatting needs of the outside. */
export interface FormatPorts {
  readonly host: Pick<Host, 'users' | 'clock' | 'isRoot'> & Partial<Pick<Host, 'accounts' | 'network'>>;
  /** Posts the document to the master: `Computer.updateConfiguration` (spec: format §8). */
  readonly send: (document: string) => Promise<void>;
  readonly logger: Logger;
  /** Version of the `slapos` command, which the master is told. */
  readonly slaposVersion: string;
  /** The managers; a `ManagerSet` of `@slapos/manager` is one. They are not called in a dry run, nor with a definition file. */
  readonly managers?:
    | { readonly run: (hook: 'format' | 'formatTearDown', computer: FormattedComputer) => Promise<void> }
    | undefined;
  /** Finds the address by which others see this machine, for the document; default: it stays unknown. */
  readonly publicIpv4Address?: (() => Promise<string | null>) | undefined;
  /** Hears of each change when it has been made. It must not throw; a dry run makes none. */
  readonly onDone?: ((action: FormatAction) => void) | undefined;
}

/** What a run did, or in a dry run would do. */
export interface FormatResult {
  readonly computer: Computer;
  readonly actions: readonly FormatAction[];
  /** Why the master could not be told; the machine is formatted nevertheless (exit status 2 of the command). */
  readonly sendFailure: unknown;
  readonly sent: boolean;
}

/**
 * Makes the machine what the options say, keeps its document, and tells the master (spec: format §3).
 * Repeatable: on a formatted machine nothing is changed, and a run that was killed at any instant is completed by the next.
 * What the options get wrong is found before anything is changed.
 * @throws FormatError, HostError: nothing is sent then
 */
export async function formatComputer(options: FormatOptions, ports: FormatPorts): Promise<FormatResult> {
  const { logger } = ports;
  const publicAddress = options.dryRun ? undefined : ports.publicIpv4Address?.();
  const network = networkOptions(options);
  // While ip(8) looks, there is enough to read. A failure is one of where the answer is needed.
  const observing = network && observeNetwork(required(ports.host.network, 'network'));
  observing?.catch(() => {});
  const wanted = await loadWanted(options, logger);
  const users = await checkedUserChanges(wanted, options, ports);
  const checked = network && observing && checkNetwork(await observing, wanted, network);
  const facts = machineFacts(await readOsRelease(), ports.slaposVersion);
  const managers = options.definition === undefined && !options.dryRun ? ports.managers : undefined;
  if (options.definition !== undefined && ports.managers !== undefined) {
    logger.warn('Managers are not called with a definition file');
  }
  if (!options.dryRun) logger.info('Updating computer');

  const work = workingHost(options, ports);
  for (const change of users) {
    logger.debug('Formatting', { action: change.kind, change });
    await applyAccountChange(required(work.accounts, 'accounts'), change);
    if (!options.dryRun) ports.onDone?.(accountAction(change));
  }
  const roots = planRoots(await observeMachine(wanted, options, { host: work }, 'roots'), wanted, options);
  if (!options.dryRun) await applyFormat(roots, ports);
  const managed = managedComputer(wanted, logger);
  await managers?.run('format', managed);
  const { computer, steps, rest } = await (async () => {
    try {
      // Only a manager could have changed the network since.
      const isSettled = checked?.steps.length === 0 && !checked.isBeingDetected && managers === undefined;
      if (isSettled) for (const warning of checked.warnings) logger.warn(...warning);
      const settled =
        network === undefined
          ? { computer: wanted, steps: [] }
          : isSettled
            ? { computer: checked.computer, steps: checked.steps }
            : await settleNetwork(wanted, network, {
                network: required(work.network, 'network'),
                accounts: required(work.accounts, 'accounts'),
                clock: work.clock,
                logger,
                dryRun: options.dryRun,
                remember: async (intended) => {
                  if (!options.dryRun) await writeIntent(options.computerXml, stateText(intended, facts));
                },
              });
      if (!options.dryRun) for (const step of settled.steps) ports.onDone?.(networkAction(step));
      const observed = await observeMachine(settled.computer, options, { host: work });
      const now = { ...facts, publicIpv4Address: (await publicAddress) ?? null };
      const planned = planPartitions(observed, settled.computer, now, options);
      if (!options.dryRun) await applyFormat(planned, ports);
      return { ...settled, rest: planned };
    } finally {
      await managers?.run('formatTearDown', managed);
    }
  })();
  const actions: FormatAction[] = [...users.map(accountAction), ...roots, ...steps.map(networkAction), ...rest];
  if (options.dryRun) return { computer, actions, sendFailure: undefined, sent: false };
  await removeIntent(options.computerXml);
  return { computer, actions, ...(await sendDocument(rest, ports)) };
}

function accountAction(change: AccountChange): FormatAction {
  return { kind: 'account', reason: change.kind.startsWith('create') ? 'not there' : 'differs', change };
}

function networkAction({ change, reason }: NetworkStep): FormatAction {
  return { kind: 'network', reason, change };
}

async function loadWanted(options: FormatOptions, logger: Logger): Promise<Computer> {
  const { computerXml, definition, partitionAmount } = options;
  const document = definition === undefined ? await readIfThere(computerXml) : undefined;
  const kept = document === undefined ? undefined : readStateDocument(document, computerXml);
  const known = definition === undefined ? await withIntent(kept, { computerXml, partitionAmount, logger }) : undefined;
  const homes = await findStorageHomes(options.instanceStorageHome);
  const computer = wantedComputer(options, known, logger);
  const partitions = computer.partitions.map((partition) => ({
    ...partition,
    externalStorage: homes.map((home) => `${home}/${partition.partitionId}`),
  }));
  return { ...computer, partitions };
}

async function checkedUserChanges(
  computer: Computer,
  options: FormatOptions,
  { host }: FormatPorts,
): Promise<readonly AccountChange[]> {
  return options.alterUser === true ? planUsers(required(host.accounts, 'accounts'), computer) : [];
}

interface CheckedNetwork extends NetworkPlan {
  readonly warnings: readonly Parameters<Logger['warn']>[];
  /** Whether an address of a partition may still turn out to be another machine's. */
  readonly isBeingDetected: boolean;
}

/** Plans once for the errors: a machine that cannot be formatted is left as it is. The warnings are those of what is done in earnest. */
function checkNetwork(observed: ObservedNetwork, computer: Computer, options: NetworkOptions): CheckedNetwork {
  const warnings: Parameters<Logger['warn']>[] = [];
  const plan = planNetwork(observed, computer, options, {
    refused: new Set(),
    random: (limit) => randomInt(limit),
    warn: (...warning) => warnings.push(warning),
  });
  return { ...plan, warnings, isBeingDetected: pendingDetection(observed, plan.computer).length > 0 };
}

function networkOptions(options: FormatOptions): NetworkOptions | undefined {
  const { interfaceName, ipv4LocalNetwork } = options;
  if (options.alterNetwork !== true || interfaceName === undefined || ipv4LocalNetwork === undefined) return undefined;
  return {
    interfaceName,
    ipv4LocalNetwork,
    ipv6Interface: options.ipv6Interface,
    ipv6PrefixShift: options.ipv6PrefixShift,
    partitionHasIpv6Range: options.partitionHasIpv6Range,
    createTap: options.createTap ?? false,
    tapIpv6: options.tapIpv6,
    tapGatewayInterface: options.tapGatewayInterface,
    createTun: options.createTun ?? false,
    tunIpv6: options.tunIpv6 ?? false,
    renumber: options.renumber,
  };
}

/** In a dry run users and network are recorded, and answer as if they had been changed. */
function workingHost({ dryRun }: FormatOptions, { host }: FormatPorts): FormatPorts['host'] {
  if (!dryRun) return host;
  const accounts = host.accounts && new DryRunAccounts(host.accounts);
  return {
    clock: host.clock,
    isRoot: host.isRoot,
    users: accounts ?? host.users,
    ...(accounts ? { accounts } : {}),
    ...(host.network ? { network: new DryRunNetwork(host.network) } : {}),
  };
}

function required<Port>(port: Port | undefined, name: string): Port {
  if (port === undefined) throw new TypeError(`formatComputer needs host.${name} to alter users or network`);
  return port;
}

function managedComputer(computer: Computer, logger: Logger): FormattedComputer {
  const { computerId, instanceRoot, softwareRoot } = computer;
  const partitions = computer.partitions.map(({ partitionId, user }) => ({ partitionId, userName: user.name }));
  return { computerId, instanceRoot, softwareRoot, partitions, logger };
}

function stateText(computer: Computer, facts: MachineFacts): string {
  return renderStateDocument(computerToWire(computer, facts));
}

async function sendDocument(
  actions: readonly FormatAction[],
  { send, onDone }: FormatPorts,
): Promise<Pick<FormatResult, 'sent' | 'sendFailure'>> {
  for (const action of actions) {
    if (action.kind !== 'send') continue;
    try {
      await send(action.document);
      onDone?.(action);
    } catch (sendFailure) {
      return { sendFailure, sent: false };
    }
  }
  return { sendFailure: undefined, sent: true };
}

async function readOsRelease(): Promise<string> {
  for (const file of OS_RELEASE_FILES) {
    const text = await readIfThere(file);
    if (text !== undefined) return text;
  }
  return '';
}
