import type { CommandRunner } from '../commands/command.js';
import { HostError } from '../errors.js';
import type { UserDatabase } from '../users/user.js';
import { checkLinkName } from './addresses.js';
import type {
  AddressFamily,
  Network,
  NetworkAddress,
  NetworkChange,
  NetworkLink,
  NetworkOutcome,
  NetworkRoute,
} from './network.js';
import { parseAddresses, parseLinks, parseRoutes } from './parse.js';
import { renderNetworkChange } from './render.js';

const TIMEOUT_MS = 60_000;

export interface LinuxNetworkOptions {
  readonly commands: CommandRunner;
  readonly users: UserDatabase;
  /** The name of a network namespace to work in (ip-netns(8)). Default: our own. */
  readonly namespace?: string;
}

/** The kernel's network, through ip(8): its JSON to read, its batches to write. */
export class LinuxNetwork implements Network {
  readonly #options: LinuxNetworkOptions;

  constructor(options: LinuxNetworkOptions) {
    this.#options = options;
  }

  async links(): Promise<NetworkLink[]> {
    const parsed = parseLinks(await this.#show(['-details', 'link', 'show']));
    return Promise.all(
      parsed.map(async ({ owner, ...link }) => ({
        ...link,
        ownerUid: owner === undefined ? undefined : await this.#uid(owner),
      })),
    );
  }

  async addresses(link?: string): Promise<NetworkAddress[]> {
    if (link !== undefined) checkLinkName(link);
    // Asking for one that does not exist would be an error of ip.
    const addresses = parseAddresses(await this.#show(['address', 'show']));
    return link === undefined ? addresses : addresses.filter((address) => address.link === link);
  }

  async routes(family: AddressFamily): Promise<NetworkRoute[]> {
    const text = await this.#show([family === 4 ? '-4' : '-6', 'route', 'show', 'table', 'all']);
    return parseRoutes(text, family);
  }

  async apply(changes: readonly NetworkChange[]): Promise<NetworkOutcome[]> {
    const lines = changes.map((change) => renderNetworkChange(change).join(' '));
    if (lines.length === 0) return [];
    const result = await this.#options.commands.run({
      file: 'ip',
      args: [...this.#namespace(), '-force', '-batch', '-'],
      input: `${lines.join('\n')}\n`,
      separateStderr: true,
      timeoutMs: TIMEOUT_MS,
    });
    const failures = parseBatchFailures(result.stderr);
    if (result.exitCode !== 0 && (failures.size === 0 || result.exitCode === null)) {
      throw new HostError('HOST_NETWORK_FAILED', `ip could not change the network: ${result.stderr.trim()}`);
    }
    return changes.map((change, index) => ({ change, failure: failures.get(index + 1) }));
  }

  async #show(args: readonly string[]): Promise<string> {
    const result = await this.#options.commands.run({
      file: 'ip',
      args: [...this.#namespace(), '-json', ...args],
      separateStderr: true,
      keepOutput: 'whole',
      timeoutMs: TIMEOUT_MS,
    });
    if (result.exitCode === 0) return result.output;
    throw new HostError('HOST_NETWORK_FAILED', `ip ${args.join(' ')} failed: ${result.stderr.trim()}`);
  }

  #namespace(): string[] {
    return this.#options.namespace === undefined ? [] : ['-netns', this.#options.namespace];
  }

  async #uid(owner: string): Promise<number | undefined> {
    return /^\d+$/.test(owner) ? Number(owner) : (await this.#options.users.byName(owner))?.uid;
  }
}

/** What `ip -force -batch` says about each line that failed: the messages, then `Command failed -:LINE`. */
function parseBatchFailures(text: string): Map<number, string> {
  const failures = new Map<number, string>();
  let said: string[] = [];
  for (const line of text.split('\n')) {
    const number = /^Command failed .*:(\d+)$/.exec(line)?.[1];
    if (number === undefined) {
      if (line.trim() !== '') said.push(line.trim());
      continue;
    }
    failures.set(Number(number), said.join('; ') || 'refused');
    said = [];
  }
  return failures;
}
