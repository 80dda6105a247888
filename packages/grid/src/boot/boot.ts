import { isIP, isIPv4, isIPv6 } from 'node:net';

import type { Host, Logger } from '@slapos/host';

const ADDRESS_RETRY_MS = 5000;
const PING_RETRY_MS = 5000;
const RETRY_MS = 15_000;
const PING_PACKETS = '2';
const PING_TIMEOUT_MS = 60_000;

/** What a boot does by means of others. (spec: cli 3.8) */
export interface BootSteps {
  /** `slapos node format`. `not-posted`: done, but the master could not be told. */
  readonly format: (signal: AbortSignal | undefined) => Promise<'formatted' | 'not-posted' | 'failed'>;
  /** Asks the master to have everything processed again; an error means that it was not heard. */
  readonly bang: (signal: AbortSignal | undefined) => Promise<void>;
  /** Forgets when partitions were last processed. */
  readonly forgetTimestamps: () => Promise<void>;
}

export interface BootOptions {
  readonly masterUrl: string;
  /** That must have a global IPv6 address first; absent: nothing is waited for. */
  readonly ipv6Interface?: string;
  readonly signal?: AbortSignal;
}

/** What a boot works with. */
export interface BootPorts {
  readonly host: Pick<Host, 'clock' | 'commands' | 'network'>;
  readonly logger: Logger;
}

/**
 * Makes the machine ready after it was started: waits for the network, formats, bangs, and has every partition processed.
 * Never gives up by itself. (spec: grid 13)
 * @throws the signal's reason
 */
export async function bootNode(options: BootOptions, steps: BootSteps, ports: BootPorts): Promise<void> {
  const { signal } = options;
  const { clock } = ports.host;
  if (options.ipv6Interface !== undefined) await awaitGlobalAddress(options.ipv6Interface, ports, signal);
  for (;;) {
    signal?.throwIfAborted();
    const outcome = await steps.format(signal);
    if (outcome === 'formatted') break;
    if (outcome === 'failed') {
      ports.logger.error('[BOOT] Fail to format, try again in 15 seconds...');
      await clock.sleep(RETRY_MS, signal);
      continue;
    }
    ports.logger.error('[BOOT] Fail to post format information, try again when connection to master is up...');
    await clock.sleep(RETRY_MS, signal);
    await awaitMaster(options.masterUrl, ports, signal);
  }
  for (;;) {
    try {
      await steps.bang(signal);
      break;
    } catch (error) {
      signal?.throwIfAborted();
      ports.logger.error('[BOOT] Fail to bang, try again in 15 seconds...', { error });
      await clock.sleep(RETRY_MS, signal);
    }
  }
  await steps.forgetTimestamps();
}

async function awaitGlobalAddress(link: string, ports: BootPorts, signal: AbortSignal | undefined): Promise<void> {
  ports.logger.info(`[BOOT] Checking if '${link}' has IPv6...`);
  while (!(await hasGlobalAddress(link, ports))) {
    ports.logger.error(`[BOOT] No IPv6 found on interface '${link}', try again in 5 seconds...`);
    await ports.host.clock.sleep(ADDRESS_RETRY_MS, signal);
  }
}

/** An interface that is not there yet has none. */
async function hasGlobalAddress(link: string, { host, logger }: BootPorts): Promise<boolean> {
  try {
    const addresses = await host.network.addresses(link);
    return addresses.some(({ family, address }) => family === 6 && isGlobalUnicast(address));
  } catch (error) {
    logger.debug('The interface cannot be looked at', { link, error });
    return false;
  }
}

/**
 * Whether an IPv6 address is unicast and neither link-local, loopback nor of a range that is reserved. Unique local ones
 * (fc00::/7) count: nodes behind re6st and test networks have only those. (spec: grid 13)
 */
export function isGlobalUnicast(address: string): boolean {
  const text = address.split('%')[0] ?? '';
  if (!isIPv6(text)) return false;
  const first = Number.parseInt(text.startsWith('::') ? '0' : (text.split(':')[0] ?? ''), 16);
  const isGlobal = first >= 0x2000 && first <= 0x3fff;
  const isUniqueLocal = first >= 0xfc00 && first <= 0xfdff;
  return isGlobal || isUniqueLocal;
}

/** A name is tried over IPv6 and IPv4 in turn. */
async function awaitMaster(masterUrl: string, ports: BootPorts, signal: AbortSignal | undefined): Promise<void> {
  const host = new URL(masterUrl).hostname.replace(/^\[(.*)\]$/, '$1');
  const families: readonly (4 | 6)[] = isIPv4(host) ? [4] : isIP(host) === 6 ? [6] : [6, 4];
  for (let turn = 0; ; turn += 1) {
    const family = families[turn % families.length] ?? 6;
    if (await answersPing(host, family, ports, signal)) {
      ports.logger.info(`[BOOT] IPv${family} network reachable...`);
      return;
    }
    ports.logger.error(`[BOOT] IPv${family} network unreachable...`);
    await ports.host.clock.sleep(PING_RETRY_MS, signal);
  }
}

async function answersPing(
  host: string,
  family: 4 | 6,
  { host: { commands }, logger }: BootPorts,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const { exitCode } = await commands.run(
      // `ping -6` is on every machine that has ping; ping6 is not.
      { file: 'ping', args: [`-${family}`, '-c', PING_PACKETS, '--', host], timeoutMs: PING_TIMEOUT_MS },
      signal === undefined ? {} : { signal },
    );
    return exitCode === 0;
  } catch (error) {
    signal?.throwIfAborted();
    logger.warn('[BOOT] Cannot run ping', { error });
    return false;
  }
}
