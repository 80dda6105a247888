import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';

import { z } from 'zod';

import { defineManager, type ManagerContext } from '../contract/manager.js';
import { readRequestFile } from '../contract/request-file.js';
import type { ManagedPartition } from '../contract/subjects.js';
import { ManagerError } from '../errors.js';

const REQUEST = '.slapos-whitelist-firewall';
const STATE = '.slapos-whitelist-firewall.md5sum';
const STATE_MODE = 0o644;
const COMMAND_TIMEOUT_MS = 60_000;
const requestSchema = z.array(z.unknown());

/** Limits where the user of a partition may connect to: IPv4, by direct rules of firewalld. (spec: managers §7) */
export const whitelistFirewallManager = defineManager({
  name: 'whitelistfirewall',
  create: (_options, context) => {
    let saidIpv6 = false;
    const firewall = new Firewall(context);
    return {
      async instanceTearDown(partition) {
        const { logger, folder } = partition;
        if (!firewall.isConfigured) {
          logger.warn('There is no [firewall] section, so partitions connect wherever they like');
          return;
        }
        const text = partition.requestedState === 'destroyed' ? undefined : await readRequestFile(partition, REQUEST);
        if (text === undefined) {
          await firewall.cleanUp(partition);
          await folder.remove(STATE);
          return;
        }
        const addresses = readAddresses(text, partition);
        if (addresses === undefined) return;
        if (!saidIpv6) logger.warn('Only IPv4 is limited by whitelistfirewall; IPv6 stays open');
        saidIpv6 = true;
        const digest = createHash('md5').update(text).digest('hex');
        const wasAdded = await firewall.addChain(partition);
        const known = (await readRequestFile(partition, STATE))?.trim();
        if (!wasAdded && known === digest) return;
        // Until all is done nothing counts as done.
        await folder.writeAtomic(STATE, '', { mode: STATE_MODE });
        await firewall.fillChain(partition, addresses);
        await folder.writeAtomic(STATE, digest, { mode: STATE_MODE });
      },
      async report(partition) {
        if (!firewall.isConfigured) return;
        if (await firewall.cleanUp(partition)) partition.logger.info('Removed the firewall rules of the partition');
        await partition.folder.remove(STATE);
      },
    };
  },
});

function readAddresses(text: string, { logger }: ManagedPartition): string[] | undefined {
  let list: unknown[];
  try {
    list = requestSchema.parse(JSON.parse(text));
  } catch {
    logger.warn('The request file of a manager does not hold a list in JSON', { file: REQUEST });
    return undefined;
  }
  return list.filter((item): item is string => {
    const isAddress = typeof item === 'string' && isIPv4(item);
    if (!isAddress) logger.warn('Not an IPv4 address: ignored', { file: REQUEST, entry: item });
    return isAddress;
  });
}

class Firewall {
  readonly #context: ManagerContext;

  constructor(context: ManagerContext) {
    this.#context = context;
  }

  get isConfigured(): boolean {
    return this.#context.firewallCommand !== undefined;
  }

  /** Whether the chain had to be made. */
  async addChain(partition: ManagedPartition): Promise<boolean> {
    const chain = chainOf(partition);
    if (await this.#query(partition, '--query-chain', ...chain)) return false;
    await this.#direct(partition, '--add-chain', ...chain);
    return true;
  }

  async fillChain(partition: ManagedPartition, addresses: readonly string[]): Promise<void> {
    const chain = chainOf(partition);
    await this.#direct(partition, '--remove-rules', ...chain);
    for (const address of addresses)
      await this.#direct(partition, '--add-rule', ...chain, '0', '-d', address, '-j', 'ACCEPT');
    await this.#direct(partition, '--add-rule', ...chain, '0', '-j', 'REJECT');
    const jump = jumpOf(partition);
    if (!(await this.#query(partition, '--query-rule', ...jump))) await this.#direct(partition, '--add-rule', ...jump);
    await this.#reload(partition);
  }

  /** Whether there was something to remove. */
  async cleanUp(partition: ManagedPartition): Promise<boolean> {
    const chain = chainOf(partition);
    const jump = jumpOf(partition);
    const hasChain = await this.#query(partition, '--query-chain', ...chain);
    if (hasChain) {
      await this.#direct(partition, '--remove-rules', ...chain);
      await this.#direct(partition, '--remove-chain', ...chain);
    }
    const hasJump = await this.#query(partition, '--query-rule', ...jump);
    if (hasJump) await this.#direct(partition, '--remove-rule', ...jump);
    if (hasChain || hasJump) await this.#reload(partition);
    return hasChain || hasJump;
  }

  /** firewall-cmd answers `yes` with status 0 and `no` with status 1; anything else is an error. */
  async #query(partition: ManagedPartition, ...args: readonly string[]): Promise<boolean> {
    const command = ['--direct', '--permanent', ...args];
    const { exitCode, output } = await this.#run(partition, command);
    if (output !== 'yes' && output !== 'no') throw this.#failed(command, exitCode, output);
    return output === 'yes';
  }

  async #direct(partition: ManagedPartition, ...args: readonly string[]): Promise<void> {
    const command = ['--direct', '--permanent', ...args];
    const { exitCode, output } = await this.#run(partition, command);
    if (exitCode !== 0) throw this.#failed(command, exitCode, output);
  }

  async #reload(partition: ManagedPartition): Promise<void> {
    const { exitCode, output } = await this.#run(partition, ['--reload']);
    if (exitCode !== 0) throw this.#failed(['--reload'], exitCode, output);
  }

  async #run(
    partition: ManagedPartition,
    args: readonly string[],
  ): Promise<{ exitCode: number | null; output: string }> {
    const [file = '', ...before] = this.#context.firewallCommand ?? [];
    const { exitCode, output } = await this.#context.host.commands.run({
      file,
      args: [...before, ...args],
      timeoutMs: COMMAND_TIMEOUT_MS,
    });
    partition.logger.debug('Ran a firewall command', { args, exitCode });
    return { exitCode, output: output.trim() };
  }

  #failed(args: readonly string[], exitCode: number | null, output: string): ManagerError {
    const program = (this.#context.firewallCommand ?? []).join(' ');
    return new ManagerError(
      'MANAGER_FAILED',
      `${program} ${args.join(' ')} ended with ${String(exitCode)}: ${output}`,
      {
        hint: 'Look whether firewalld runs, and at firewall_cmd in [firewall].',
        retryable: true,
      },
    );
  }
}

function chainOf({ partitionId }: ManagedPartition): string[] {
  return ['ipv4', 'filter', `${partitionId}-whitelist`];
}

function jumpOf({ partitionId, owner }: ManagedPartition): string[] {
  const isOwner = ['-m', 'owner', '--uid-owner', String(owner.uid)];
  return ['ipv4', 'filter', 'OUTPUT', '0', ...isOwner, '-j', `${partitionId}-whitelist`];
}
