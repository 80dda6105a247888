import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLinuxHost } from '@slapos/host';
import type { Proxy, Seed } from '@slapos/proxy';
import { PRIVATE_FILE, writeWhole } from '../configure/write-files.js';
import { CliError } from '../errors.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { CommandLog } from '../output/log.js';
import { announceReady, readyLine } from './announce.js';
import { recordRequests } from './record-requests.js';

const DEFAULT_PARTITIONS = 10;
const DEFAULT_COMPUTER = 'local_computer';
const DEFAULT_HOST = '127.0.0.1';
const FIRST_SIGNAL_CODE = 128;

/** A mini-master for tests and laptops: it lives in memory, and is gone at its end (spec: ux-ideas §14). */
export interface EphemeralOptions {
  readonly host: string | undefined;
  /** Default: one that is free. */
  readonly port: number | undefined;
  /** Each `ID` or `ID:PARTITIONS`. */
  readonly computers: readonly string[];
  /** YAML or JSON file of what it is to hold. */
  readonly seedFile: string | undefined;
  readonly recordFile: string | undefined;
  readonly readyFile: string | undefined;
  /** A command to run, and to end with; empty: it runs until it is told to end. */
  readonly command: readonly string[];
}

/** What it runs with. */
export interface EphemeralContext {
  readonly logger: CommandLog;
  readonly signal: AbortSignal;
  /** Prints a line of the result. */
  readonly print: (line: string) => void;
}

/**
 * Runs a mini-master in memory until it is told to end, or until its command ends.
 * @returns the exit code, which is that of the command
 * @throws CliError `CLI_USAGE` for computers that cannot be, `CLI_INPUT` for a seed that cannot be read
 */
export async function runEphemeral(options: EphemeralOptions, context: EphemeralContext): Promise<number> {
  const { logger, signal } = context;
  const computers = readComputers(options.computers);
  const seed = options.seedFile === undefined ? {} : await readSeed(options.seedFile);
  const { createProxy } = await import('@slapos/proxy');
  await using recorder = await recordRequests(options.recordFile, logger);
  await using proxy = await createProxy({
    computerId: Object.keys(computers)[0] ?? Object.keys(seed.computers ?? {})[0] ?? DEFAULT_COMPUTER,
    logger: recorder.logger,
  });
  await proxy.seed({ computers });
  await plant(proxy, seed, options.seedFile);
  const { url } = await proxy.listen({ host: options.host ?? DEFAULT_HOST, port: options.port ?? 0 });
  logger.info(` * Running on ${url} (Press CTRL+C to quit)`);
  const line = readyLine(url);
  await announceReady(line, { file: options.readyFile, environment: process.env, logger });
  try {
    if (options.command.length > 0) return await runWith(url, options.command, context);
    context.print(JSON.stringify(line));
    if (!signal.aborted) await once(signal, 'abort');
    return EXIT_CODES.OK;
  } finally {
    if (options.readyFile !== undefined) await rm(options.readyFile, { force: true });
  }
}

function readComputers(typed: readonly string[]): Record<string, { partitions: number }> {
  const computers: Record<string, { partitions: number }> = {};
  for (const text of typed) {
    const [, id = '', partitions] = /^([^:\s]+)(?::(\d+))?$/.exec(text) ?? [];
    if (id === '') {
      throw new CliError(
        'CLI_USAGE',
        `slapos proxy start: error: argument --computer: expected ID or ID:PARTITIONS, found ${JSON.stringify(text)}`,
      );
    }
    computers[id] = { partitions: partitions === undefined ? DEFAULT_PARTITIONS : Number(partitions) };
  }
  return computers;
}

async function readSeed(file: string): Promise<Seed> {
  const { parse } = await import('../output/yaml.js');
  try {
    // What it holds is checked by the proxy.
    return ((parse(await readFile(file, 'utf8')) as Seed | null) ?? {}) satisfies Seed;
  } catch (cause) {
    throw new CliError('CLI_INPUT', `argument --seed: ${file} cannot be read as YAML.`, { cause });
  }
}

async function plant(proxy: Proxy, seed: Seed, file: string | undefined): Promise<void> {
  try {
    await proxy.seed(seed);
  } catch (cause) {
    throw new CliError('CLI_INPUT', `argument --seed: ${file ?? ''} does not say what the mini-master can hold.`, {
      cause,
      hint: 'It has computers (by id, each with partitions), software (softwareReleaseUrl) and instances (partitionReference, softwareReleaseUrl, parameters).',
    });
  }
}

/** The command finds the master in its environment; it has our terminal, our folder, and otherwise our environment. */
async function runWith(url: string, command: readonly string[], context: EphemeralContext): Promise<number> {
  const { logger, signal } = context;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-proxy-'));
  try {
    const configuration = path.join(folder, 'slapos-client.cfg');
    await writeWhole(configuration, `[slapos]\nmaster_url = ${url}\n`, PRIVATE_FILE);
    const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const { exitCode, signal: killer } = await createLinuxHost({ logger }).commands.run(
      {
        // The shell looks the command up where the user's own would.
        file: 'sh',
        args: ['-c', 'exec "$@"', 'sh', ...command],
        cwd: process.cwd(),
        emptyEnvironment: true,
        env: {
          ...Object.fromEntries(inherited),
          SLAPOS_MASTER_URL: url,
          SLAPOS_CLIENT_CONFIGURATION: configuration,
        },
        inheritTerminal: true,
      },
      { signal },
    );
    return exitCode ?? FIRST_SIGNAL_CODE + (killer === null ? 0 : os.constants.signals[killer]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
