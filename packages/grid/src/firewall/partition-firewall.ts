import { isSlapOSError, UntrustedDirectory } from '@slapos/host';
import { z } from 'zod';

import { GridError } from '../errors.js';
import type { InstanceContext, PartitionWork } from '../partition/work.js';
import {
  addressFamily,
  computeRules,
  type FirewallRule,
  parseRule,
  ruleArguments,
  ruleText,
  type RuleVerb,
} from './rules.js';

/** Section `[firewall]`. (spec: grid 10) */
export interface FirewallOptions {
  /** Program and first arguments. Default `firewall-cmd`. */
  readonly command?: readonly string[];
  /** Run after a change. Default `slapos node restart firewall`. */
  readonly reloadCommand?: readonly string[];
  /** Addresses and networks that reach every partition. */
  readonly authorizedSources?: readonly string[];
  /** Whether IPv6 addresses of partitions are guarded as well. Default false, as the Python agent leaves them open. */
  readonly includesIpv6?: boolean;
}

const DEFAULT_COMMAND = ['firewall-cmd'];
const DEFAULT_RELOAD_COMMAND = ['slapos', 'node', 'restart', 'firewall'];
const COMMAND_TIMEOUT_MS = 60_000;
/** Addresses behind interfaces of this kind are the ones that are guarded. (spec: grid 10) */
const ROUTED_INTERFACE = 'route_';
/** Where the Python agent keeps the rules: in the tenant's hands, so only what fits the grammar exactly is believed. (spec: security S1) */
const LEGACY_FILE = '.slapos-firewalld-rules';
const STATE_FOLDER = 'firewall';
const STATE_FOLDER_MODE = 0o700;
const STATE_FILE_MODE = 0o600;
const MAX_STATE_BYTES = 8 * 1024 * 1024;
const stateSchema = z.array(z.string());

async function openState(instanceRoot: string): Promise<UntrustedDirectory> {
  await using lib = await UntrustedDirectory.open(`${instanceRoot}/var/lib`);
  return await lib.openSubdirectory(STATE_FOLDER, { create: true, mode: STATE_FOLDER_MODE });
}

function parseRules(text: string): FirewallRule[] {
  const parsed = stateSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data.map(parseRule).filter((rule) => rule !== undefined) : [];
}

/** The rules that were set before, from our own file or, once, from that of the Python agent; `undefined` when there is neither. */
async function readOldRules(
  state: UntrustedDirectory,
  work: PartitionWork,
  ownAddresses: readonly string[],
): Promise<FirewallRule[] | undefined> {
  const kept = await state.readText(`${work.partitionId}.json`, { maxBytes: MAX_STATE_BYTES });
  if (kept !== undefined) return parseRules(kept);
  try {
    const legacy = await work.folder.readText(LEGACY_FILE);
    if (legacy === undefined) return undefined;
    const rules = parseRules(legacy).filter((rule) => ownAddresses.includes(rule.destination));
    work.logger.info('Took over the firewall rules of the former agent', { count: rules.length });
    return rules;
  } catch (error) {
    if (!isSlapOSError(error) && !(error instanceof SyntaxError)) throw error;
    work.logger.warn('The firewall rules of the former agent cannot be read and are ignored', { error });
    return undefined;
  }
}

async function runFirewall(
  work: PartitionWork,
  context: InstanceContext,
  command: readonly string[],
): Promise<{ exitCode: number | null; output: string }> {
  const [file = '', ...args] = command;
  const { exitCode, output } = await context.ports.host.commands.run(
    { file, args, timeoutMs: COMMAND_TIMEOUT_MS },
    context.signal === undefined ? {} : { signal: context.signal },
  );
  work.logger.debug('Ran a firewall command', { command, exitCode });
  return { exitCode, output: output.trim() };
}

function failed(command: readonly string[], result: { exitCode: number | null; output: string }): GridError {
  return new GridError(
    'GRID_FIREWALL_FAILED',
    `${command.join(' ')} failed with status ${String(result.exitCode)}: ${result.output}`,
    { hint: 'Look whether firewalld runs, and at firewall_cmd and reload_config_cmd in [firewall].' },
  );
}

/** Sets or removes one rule, unless that is so already. Returns whether something changed. */
async function applyRule(
  work: PartitionWork,
  context: InstanceContext,
  rule: FirewallRule,
  verb: Exclude<RuleVerb, 'query'>,
): Promise<boolean> {
  const program = context.options.firewall?.command ?? DEFAULT_COMMAND;
  const query = [...program, ...ruleArguments(rule, 'query')];
  const present = await runFirewall(work, context, query);
  const isPresent = present.output === 'yes' && present.exitCode === 0;
  if (!isPresent && present.output !== 'no') throw failed(query, present);
  if (isPresent === (verb === 'add')) return false;
  const change = [...program, ...ruleArguments(rule, verb)];
  const changed = await runFirewall(work, context, change);
  if (changed.exitCode !== 0 || changed.output !== 'success') throw failed(change, changed);
  return true;
}

/** Makes firewalld's rules about the partition exactly these. */
async function setRules(
  work: PartitionWork,
  context: InstanceContext,
  wanted: readonly FirewallRule[],
  own: readonly string[],
): Promise<void> {
  await using state = await openState(context.options.instanceRoot);
  const old = await readOldRules(state, work, own);
  const wantedTexts = new Set(wanted.map(ruleText));
  const name = `${work.partitionId}.json`;
  // Said before the change, too: a pass that is killed in the middle must forget neither what it may have added nor the reload.
  const pending = `${work.partitionId}.pending`;
  const both = new Set([...(old ?? []).map(ruleText), ...wantedTexts]);
  await state.writeAtomicIfDifferent(name, JSON.stringify([...both]), { mode: STATE_FILE_MODE });
  let changed = await state.exists(pending);
  await state.writeAtomicIfDifferent(pending, '', { mode: STATE_FILE_MODE });
  for (const rule of old ?? []) {
    if (!wantedTexts.has(ruleText(rule))) changed = (await applyRule(work, context, rule, 'remove')) || changed;
  }
  for (const rule of wanted) changed = (await applyRule(work, context, rule, 'add')) || changed;
  if (changed) {
    const command = context.options.firewall?.reloadCommand ?? DEFAULT_RELOAD_COMMAND;
    const result = await runFirewall(work, context, command);
    if (result.exitCode !== 0) throw failed(command, result);
  }
  await state.writeAtomicIfDifferent(name, JSON.stringify([...wantedTexts]), { mode: STATE_FILE_MODE });
  await state.remove(pending);
}

function words(value: unknown): string[] {
  return typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : [];
}

/** The addresses and networks that can stand in a rule; the others are left out, with a word to the log. */
function usable(work: PartitionWork, sources: readonly string[], includesIpv6: boolean): string[] {
  return sources.filter((source) => {
    const family = addressFamily(source);
    if (family === 'ipv4' || (family === 'ipv6' && includesIpv6)) return true;
    work.logger.warn('Left out of the firewall: not an IPv4 address or network', { source });
    return false;
  });
}

function ownAddresses(work: PartitionWork, includesIpv6: boolean): string[] {
  const { ipList, fullIpList } = work.requested;
  const routed = [...ipList, ...fullIpList].flatMap(([name, address]) =>
    name?.startsWith(ROUTED_INTERFACE) === true && address !== undefined ? [address] : [],
  );
  const wanted = routed.filter((address) => {
    const family = addressFamily(address);
    return family === 'ipv4' || (family === 'ipv6' && includesIpv6);
  });
  return [...new Set(wanted)];
}

/** Guards the addresses of a partition as its instance asks. Does nothing without `[firewall]`. (spec: grid 10) */
export async function setPartitionFirewall(work: PartitionWork, context: InstanceContext): Promise<void> {
  const options = context.options.firewall;
  if (options === undefined) return;
  context.emit('partition.step', { partition: work.partitionId, step: 'firewall' });
  const includesIpv6 = options.includesIpv6 === true;
  const own = ownAddresses(work, includesIpv6);
  const hosting = await context.ports.master.fetchHostingIpAddresses(
    work.partitionId,
    context.signal === undefined ? {} : { signal: context.signal },
  );
  const family = hosting
    .map(([, address]) => address)
    .filter((address) => !own.includes(address) && addressFamily(address) !== undefined)
    .filter((address) => includesIpv6 || addressFamily(address) === 'ipv4');
  const { filter } = work.requested;
  const authorized = usable(
    work,
    [...words(filter['fw_authorized_sources']), ...(options.authorizedSources ?? [])],
    includesIpv6,
  );
  const isOpen = filter['fw_restricted_access'] === 'off';
  const rules = computeRules({
    ownAddresses: own,
    accepted: [...new Set([...family, ...authorized])],
    ...(isOpen ? { rejected: usable(work, words(filter['fw_rejected_sources']), includesIpv6) } : {}),
  });
  await setRules(work, context, rules, own);
}

/** Removes all rules about the partition. Does nothing without `[firewall]`. (spec: grid 10) */
export async function removePartitionFirewall(work: PartitionWork, context: InstanceContext): Promise<void> {
  if (context.options.firewall === undefined) return;
  context.emit('partition.step', { partition: work.partitionId, step: 'firewall' });
  await setRules(work, context, [], ownAddresses(work, true));
}
