import { randomInt } from 'node:crypto';
import fs from 'node:fs/promises';
import {
  type Accounts,
  type Clock,
  type Logger,
  type Network,
  type NetworkChange,
  type NetworkLink,
  writeKernelFile,
} from '@slapos/host';
import type { Computer } from '../computer/computer.js';
import { FormatError } from '../errors.js';
import { type NetworkStep, type ObservedNetwork, type PlannedChange, refusalKey } from './network-state.js';
import { type NetworkOptions, type NetworkPlan, planNetwork } from './plan-network.js';

const NONLOCAL_BIND_FILE = '/proc/sys/net/ipv6/ip_nonlocal_bind';
const POLL_MS = 50;
/** Duplicate detection takes one to two seconds; an interface without carrier never ends it. */
const DETECTION_MS = 5000;
/** Each round takes another address for one that was refused; the reference tries ten times. */
const MOST_ROUNDS = 12;

/** What settling the network needs. */
export interface NetworkPorts {
  readonly network: Network;
  readonly accounts: Pick<Accounts, 'byName'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the kernel may be told; not in a dry run. */
  readonly dryRun: boolean;
  /** Keeps what is about to be done, so that a run that is killed takes the same addresses the next time. */
  readonly remember: (computer: Computer) => Promise<void>;
}

/** Reads the machine's network. */
export async function observeNetwork(network: Network): Promise<ObservedNetwork> {
  const [links, addresses, ipv4Routes, ipv6Routes] = await Promise.all([
    network.links(),
    network.addresses(),
    network.routes(4),
    network.routes(6),
  ]);
  const routes = [...ipv4Routes, ...ipv6Routes];
  // A kernel without IPv6 has no such file; that there are no addresses is said where they are needed.
  const nonlocal = await fs.readFile(NONLOCAL_BIND_FILE, 'utf8').catch(() => '');
  return { links, addresses, routes, mayBindNonlocal: nonlocal.trim() === '1' };
}

/**
 * Plans and makes what is missing until nothing is: an address that the kernel refuses, or that another machine has, is replaced by
 * another (spec: format §4.4). Repeatable after a crash at any instant.
 * @throws FormatError `FORMAT_NETWORK` when the kernel refuses what cannot be replaced
 */
export async function settleNetwork(
  wanted: Computer,
  options: NetworkOptions,
  ports: NetworkPorts,
): Promise<NetworkPlan> {
  const refused = new Set<string>();
  const failures = new Map<string, string>();
  const done: NetworkStep[] = [];
  let computer = wanted;
  let looksAtOthers = !ports.dryRun;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const observed = await observeNetwork(ports.network);
    const plan = planNetwork(observed, computer, options, {
      refused,
      random: (limit) => randomInt(limit),
      warn: (message, fields) => ports.logger.warn(message, fields),
    });
    computer = plan.computer;
    // The memory of a dry run cannot show that the kernel was told.
    const steps = plan.steps.filter(
      ({ change }) => change.kind !== 'allowNonlocalBind' || !ports.dryRun || round === 0,
    );
    if (steps.length === 0) {
      const pending = looksAtOthers ? pendingDetection(observed, computer) : [];
      if (pending.length === 0) return { computer, steps: done };
      // Once: an interface without carrier would be waited for in each round.
      looksAtOthers = false;
      const duplicates = await findDuplicates(new Set(pending), ports, (link, address) => {
        ports.logger.warn('The detection of duplicates does not end: has the interface a carrier?', { link, address });
      });
      if (duplicates.length === 0) return { computer, steps: done };
      for (const duplicate of duplicates) refused.add(duplicate);
      continue;
    }
    for (const { change } of steps) {
      const failure = failures.get(JSON.stringify(change));
      if (failure !== undefined) throw refusedByKernel(change, failure);
    }
    if (steps.some(({ change }) => change.kind === 'addAddress')) await ports.remember(computer);
    done.push(...steps);
    await applySteps(steps, { ...ports, refused, failures });
    const added = new Set(
      steps.flatMap(({ change }) => (change.kind === 'addAddress' ? [refusalKey(change.link, change.address)] : [])),
    );
    for (const duplicate of await findDuplicates(added, ports, refuseEndlessDetection)) refused.add(duplicate);
    if (ports.dryRun) return { computer, steps: done };
  }
  throw new FormatError('FORMAT_NETWORK', `The network did not become what it should be in ${MOST_ROUNDS} rounds`, {
    hint: `Refused were: ${[...refused].join(', ')}. Look at the log of the kernel, and for another machine with these addresses.`,
  });
}

async function applySteps(
  steps: readonly NetworkStep[],
  {
    refused,
    failures,
    ...ports
  }: NetworkPorts & { readonly refused: Set<string>; readonly failures: Map<string, string> },
): Promise<void> {
  const changes: NetworkChange[] = [];
  const planned: PlannedChange[] = [];
  for (const { change, reason } of steps) {
    ports.logger.debug('Formatting', { action: change.kind, change, reason });
    if (change.kind === 'allowNonlocalBind') {
      if (!ports.dryRun) writeKernelFile(NONLOCAL_BIND_FILE, '1\n');
      continue;
    }
    changes.push(await withOwner(change, ports));
    planned.push(change);
  }
  const outcomes = await ports.network.apply(changes);
  outcomes.forEach(({ failure }, index) => {
    const change = planned[index];
    if (failure === undefined || change === undefined) return;
    // What failed because somebody else did it meanwhile is not planned again; what is, is the error.
    if (change.kind === 'addAddress') refused.add(refusalKey(change.link, change.address));
    else failures.set(JSON.stringify(change), failure);
    ports.logger.warn('The kernel refused a change of the network', { change, failure });
  });
}

async function withOwner(
  change: Exclude<PlannedChange, { kind: 'allowNonlocalBind' }>,
  { accounts }: Pick<NetworkPorts, 'accounts'>,
): Promise<NetworkChange> {
  if (change.kind !== 'addTunnel') return change;
  const { ownerName, ...rest } = change;
  // As the reference does: a partition whose user is not there has tunnels of root's.
  return { ...rest, ownerUid: (await accounts.byName(ownerName))?.uid ?? 0 };
}

/** Which of the computer's own addresses another run has just added: one that was killed did not see how their detection ended. */
export function pendingDetection({ addresses, links }: ObservedNetwork, computer: Computer): string[] {
  const tentative = addresses.filter(({ isTentative }) => isTentative);
  if (tentative.length === 0) return [];
  const ours = new Set(computer.partitions.flatMap((partition) => partition.addresses.map(({ addr }) => addr)));
  const tunnels = tunnelNames(links);
  return tentative
    .filter(({ link, address }) => ours.has(address) && !tunnels.has(link))
    .map(({ link, address }) => refusalKey(link, address));
}

/** Nobody has the other end of a tunnel yet, so detection has to wait for it. */
function tunnelNames(links: readonly NetworkLink[]): ReadonlySet<string> {
  return new Set(links.filter(({ kind }) => kind === 'tap' || kind === 'tun').map(({ name }) => name));
}

/**
 * Waits for the end of duplicate detection of these addresses, and takes away what another machine has.
 * @param added addresses as `refusalKey` names them
 * @param onEndless is told of one whose detection does not end; when it returns, the address counts as ours
 */
async function findDuplicates(
  added: ReadonlySet<string>,
  ports: NetworkPorts,
  onEndless: (link: string, address: string) => void,
): Promise<string[]> {
  if (added.size === 0) return [];
  const tunnels = tunnelNames(await ports.network.links());
  const deadline = ports.clock.monotonic() + DETECTION_MS;
  for (;;) {
    const ours = (await ports.network.addresses()).filter(
      ({ link, address }) => added.has(refusalKey(link, address)) && !tunnels.has(link),
    );
    const waiting = ours.find(({ isTentative }) => isTentative);
    const isEndless = waiting !== undefined && ports.clock.monotonic() >= deadline;
    if (isEndless) onEndless(waiting.link, waiting.address);
    if (waiting === undefined || isEndless) {
      const duplicates = ours.filter(({ isDuplicate }) => isDuplicate);
      await ports.network.apply(
        duplicates.map(({ link, address, prefixLength }) => ({ kind: 'removeAddress', link, address, prefixLength })),
      );
      for (const { link, address } of duplicates)
        ports.logger.warn('Another machine has the address', { link, address });
      return duplicates.map(({ link, address }) => refusalKey(link, address));
    }
    await ports.clock.sleep(POLL_MS);
  }
}

function refuseEndlessDetection(link: string, address: string): void {
  throw new FormatError('FORMAT_NETWORK', `The detection of duplicates of ${address} on ${link} does not end`, {
    hint: `Has ${link} a carrier? ip link show ${link} says so; then format again.`,
  });
}

function refusedByKernel(change: PlannedChange, failure: string): FormatError {
  return new FormatError('FORMAT_NETWORK', `The kernel refuses ${JSON.stringify(change)}: ${failure}`, {
    hint: 'Nothing is lost: what was done before stays, and the next run goes on from there.',
  });
}
