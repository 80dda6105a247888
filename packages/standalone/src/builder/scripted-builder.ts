import { createHash } from 'node:crypto';
import { BuildError, type BuildSoftwareOptions, type InstantiateOptions, type SoftwareBuilder } from '@slapos/grid';
import { type InstanceRequest, type MarshalInput, SlapClient } from '@slapos/slap';
import { quoteWord } from '@slapos/supervisor';
import { StandaloneError } from '../errors.js';
import { OwnedFolder } from './partition-files.js';

const PROGRAM_MODE = 0o700;
const FILE_MODE = 0o640;
const EXCERPT_LINES = 10;
const HASH_LENGTH = 8;

/** A program and its arguments; the program is an absolute path, or found in `/usr/bin` and the like. */
export type ServiceCommand = readonly [program: string, ...args: string[]];

/** The folder of a release that is being built. */
export interface ScriptedBuild {
  readonly softwareReleaseUrl: string;
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
  /** Adds a line to the log of the build. */
  log(line: string): void;
  /** Writes a file into the folder; the mode is 0640 unless given. */
  write(relativePath: string, content: string | Uint8Array, mode?: number): Promise<void>;
}

/** The partition that is being made an instance. */
export interface ScriptedInstance {
  readonly softwareReleaseUrl: string;
  readonly computerId: string;
  readonly partitionId: string;
  readonly directory: string;
  /** The folder of the release. */
  readonly releaseDirectory: string;
  readonly softwareType: string;
  readonly requestedState: string;
  /** The instance's own parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** One record for each shared instance on this one. */
  readonly sharedInstances: readonly Readonly<Record<string, unknown>>[];
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly signal: AbortSignal | undefined;
  log(line: string): void;
  /**
   * A program that is kept running; its end is told to the master unless `watched` is false. Its file is named `NAME-HASH`, so that it is
   * started again when its command changes.
   */
  service(name: string, command: ServiceCommand, options?: { readonly watched?: boolean }): void;
  /** A program whose exit status says whether all is well. */
  promise(name: string, command: ServiceCommand): void;
  /** Writes a file into the partition; the mode is 0640 unless given. */
  write(relativePath: string, content: string | Uint8Array, mode?: number): Promise<void>;
  /** Requests an instance on behalf of this one; gives what it has published until now. */
  request(request: InstanceRequest): Promise<Readonly<Record<string, unknown>>>;
  /** What the instance has published before. */
  readPublished(): Promise<Readonly<Record<string, unknown>>>;
  /** Publishes connection parameters, of the instance or of a shared one on it. */
  publish(parameters: Readonly<Record<string, MarshalInput>>, sharedReference?: string): Promise<void>;
}

/** A Software Release as functions. Both may be called again at any time. */
export interface ScriptedRelease {
  /** Default: nothing is built. */
  readonly build?: (build: ScriptedBuild) => Promise<void> | void;
  readonly instantiate: (instance: ScriptedInstance) => Promise<void> | void;
}

/**
 * Builds releases that are functions of the test, by their URL: real partitions, services, promises and published parameters, without
 * buildout and network. An exception of a function fails that build, and its message is in the log.
 */
export function createScriptedBuilder(releases: Readonly<Record<string, ScriptedRelease>>): SoftwareBuilder {
  const find = (url: string): ScriptedRelease => {
    const release = Object.hasOwn(releases, url) ? releases[url] : undefined;
    if (release !== undefined) return release;
    throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `The test has no Software Release ${url}`, {
      hint: `It has: ${Object.keys(releases).join(', ') || 'none'}`,
    });
  };
  return {
    prepareSoftware: async ({ softwareReleaseUrl }) => void find(softwareReleaseUrl),
    async buildSoftware(options, signal) {
      const release = find(options.softwareReleaseUrl);
      await reported(options, `Failed to build ${options.softwareReleaseUrl}`, async (log) => {
        const folder = new OwnedFolder(options.directory, options.user);
        const { softwareReleaseUrl, directory } = options;
        const write = (file: string, content: string | Uint8Array, mode = FILE_MODE) =>
          folder.write(file, content, mode);
        await release.build?.({ softwareReleaseUrl, directory, signal, log, write });
      });
    },
    async instantiate(options, signal) {
      const { softwareReleaseUrl, partitionId } = options.profile;
      const release = find(softwareReleaseUrl);
      await reported(options, `Failed to instantiate ${partitionId}`, (log) =>
        instantiate(release, options, log, signal),
      );
    },
  };
}

async function instantiate(
  release: ScriptedRelease,
  options: InstantiateOptions,
  log: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { profile, directory, releaseDirectory, user } = options;
  const { computerId, partitionId, softwareReleaseUrl, requestedState } = profile;
  await using client = new SlapClient({
    masterUrl: profile.masterUrl,
    ...(profile.keyFile === '' ? {} : { keyFile: profile.keyFile, certFile: profile.certificateFile }),
  });
  const { partitions } = await client.registerComputer(computerId).fetchInformation({ signal });
  const information = partitions.find((candidate) => candidate.partitionId === partitionId);
  const folder = new OwnedFolder(directory, user);
  const programs = new Map<string, Map<string, ServiceCommand>>(
    ['etc/service', 'etc/run', 'etc/promise'].map((name) => [name, new Map()]),
  );
  const addresses = (information?.ipList ?? []).map(([, address]) => address);
  await release.instantiate({
    softwareReleaseUrl,
    computerId,
    partitionId,
    directory,
    releaseDirectory,
    requestedState,
    softwareType: information?.softwareType ?? 'default',
    parameters: information?.instanceParameters ?? {},
    sharedInstances: information?.sharedInstances ?? [],
    ipv4: addresses.find((address) => !address.includes(':')),
    ipv6: addresses.find((address) => address.includes(':')),
    signal,
    log,
    service: (name, command, { watched = true } = {}) => {
      const hash = createHash('sha256').update(wrapper(command)).digest('hex').slice(0, HASH_LENGTH);
      programs.get(watched ? 'etc/service' : 'etc/run')?.set(`${name}-${hash}`, command);
    },
    promise: (name, command) => void programs.get('etc/promise')?.set(name, command),
    write: (file, content, mode = FILE_MODE) => folder.write(file, content, mode),
    request: async (wanted) => {
      const partition = client.registerComputerPartition(computerId, partitionId);
      const answer = await partition.request(wanted, { signal });
      return answer.isReady ? answer.getConnectionParameterDict({ signal }) : {};
    },
    readPublished: () =>
      client.registerComputerPartition(computerId, partitionId).getConnectionParameterDict({ signal }),
    publish: async (parameters, sharedReference) => {
      const partition = client.registerComputerPartition(computerId, partitionId);
      await partition.setConnectionDict(parameters, sharedReference, { signal });
    },
  });
  for (const [name, commands] of programs) {
    for (const [program, command] of commands) await folder.write(`${name}/${program}`, wrapper(command), PROGRAM_MODE);
    await folder.keepOnly(name, new Set(commands.keys()));
  }
}

function wrapper(command: ServiceCommand): string {
  return `#!/bin/sh\nexec ${command.map(quoteWord).join(' ')}\n`;
}

async function reported(
  options: Pick<BuildSoftwareOptions, 'onLine' | 'logPath'>,
  what: string,
  run: (log: (line: string) => void) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  const log = (text: string): void => {
    for (const line of text.split('\n')) {
      lines.push(line);
      options.onLine?.(line);
    }
  };
  try {
    await run(log);
  } catch (cause) {
    log(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
    const message = `${what}: ${cause instanceof Error ? cause.message : String(cause)}`;
    const failure = { output: lines.join('\n'), excerpt: lines.slice(-EXCERPT_LINES) };
    const withLog = options.logPath === undefined ? failure : { ...failure, logPath: options.logPath };
    throw new BuildError('GRID_BUILD_FAILED', message, withLog, { cause });
  }
}
