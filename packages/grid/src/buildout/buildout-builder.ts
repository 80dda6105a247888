import { type CommandRunner, type Logger, UntrustedDirectory, type UserIdentity } from '@slapos/host';
import path from 'node:path';

import { GridError } from '../errors.js';
import { findBootstrapProgram } from './bootstrap-program.js';
import type {
  BuildCommonOptions,
  BuildSoftwareOptions,
  InstantiateOptions,
  PrepareSoftwareOptions,
  SoftwareBuilder,
} from './builder.js';
import { releaseInstalledList, secureInstalledList } from './installed-parts.js';
import { readInterpreter } from './interpreter.js';
import { renderPartitionProfile } from './partition-profile.js';
import { type BuildCommand, runBuildCommand } from './run-buildout.js';
import { renderSoftwareProfile, softwareParameters } from './software-profile.js';
import { ensureSubdirectory } from '../pass/subdirectory.js';

const PROFILE = 'buildout.cfg';
const FILE_MODE = 0o644;
const PARTITION_PROFILE_MODE = 0o640;
const FOLDER_MODE = 0o755;
/** What buildout itself would give it, under our umask. */
const BIN_MODE = 0o750;
/**
 * Says that a build uses the `bin/buildout` of an earlier one, or (ours) that one is being bootstrapped; what is left of it makes the
 * next build bootstrap again. (spec: grid 5.6)
 */
const UNFINISHED_MARKER = 'buildout-bootstrap-skipped';
const RELEASE_PROFILES = ['instance.cfg', 'template.cfg'] as const;
const MAX_PROFILE_BYTES = 16 * 1024 * 1024;

/** What the builder works with. */
export interface BuildoutBuilderPorts {
  readonly commands: CommandRunner;
  readonly logger: Logger;
}

/** The builder that runs zc.buildout (or slapos.buildout). (spec: grid 5.4 to 5.6, 8.3, 15.6) */
export function createBuildoutBuilder(ports: BuildoutBuilderPorts): SoftwareBuilder {
  return new BuildoutBuilder(ports);
}

/** The folder in a folder, or `undefined` when it is absent. */
async function openIfPresent(parent: UntrustedDirectory, name: string): Promise<UntrustedDirectory | undefined> {
  return (await parent.exists(name)) ? parent.openSubdirectory(name) : undefined;
}

function ownership(user: UserIdentity | undefined): { uid?: number; gid?: number } {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

class BuildoutBuilder implements SoftwareBuilder {
  readonly #ports: BuildoutBuilderPorts;

  constructor(ports: BuildoutBuilderPorts) {
    this.#ports = ports;
  }

  async prepareSoftware(options: PrepareSoftwareOptions): Promise<void> {
    await using folder = await UntrustedDirectory.open(options.directory);
    const owner = ownership(options.user);
    const cache = await ensureSubdirectory(folder, 'extends-cache', { mode: FOLDER_MODE, ...owner });
    await cache[Symbol.asyncDispose]();
    if (await folder.exists(PROFILE)) return;
    await folder.writeAtomic(PROFILE, renderSoftwareProfile(options), { mode: FILE_MODE, ...owner });
  }

  async buildSoftware(options: BuildSoftwareOptions, signal?: AbortSignal): Promise<void> {
    const { directory } = options;
    await using folder = await UntrustedDirectory.open(directory);
    await using bin = await ensureSubdirectory(folder, 'bin', {
      mode: BIN_MODE,
      ...ownership(options.user),
    });
    const parameters = softwareParameters(options);
    // A marker that is found tells of a build without bootstrap, or of a bootstrap, that failed or was killed. (spec: grid 5.6)
    const skipsBootstrap = !(await bin.exists(UNFINISHED_MARKER)) && (await bin.exists('buildout'));
    await bin.writeAtomic(UNFINISHED_MARKER, '', { mode: FILE_MODE, ...ownership(options.user) });
    if (!skipsBootstrap) {
      await this.#bootstrap(directory, parameters, options, {}, signal);
      await bin.remove(UNFINISHED_MARKER);
    }
    await secureInstalledList(folder, ownership(options.user), this.#ports.logger);
    await this.#buildout(folder, path.join(directory, 'bin/buildout'), directory, parameters, options, {}, signal);
    await releaseInstalledList(folder);
    await bin.remove(UNFINISHED_MARKER);
  }

  async instantiate(options: InstantiateOptions, signal?: AbortSignal): Promise<void> {
    const { directory, releaseDirectory, env } = options;
    await using folder = await UntrustedDirectory.open(directory);
    await using release = await UntrustedDirectory.open(releaseDirectory);
    const profile = await readReleaseProfile(release);
    await folder.writeAtomic(PROFILE, renderPartitionProfile(profile, options.profile), {
      mode: PARTITION_PROFILE_MODE,
      ...(options.user === undefined ? {} : { gid: options.user.gid }),
    });
    const script = await this.#partitionBuildout(folder, release, options, signal);
    const timeout = options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs };
    const scriptFolder = script.startsWith(`${directory}/`) ? folder : release;
    await secureInstalledList(folder, ownership(options.user), this.#ports.logger);
    await this.#buildout(scriptFolder, script, directory, [], options, { env, ...timeout }, signal);
    await releaseInstalledList(folder);
  }

  /** The buildout that instantiates: the release's own, or one that is bootstrapped in the partition. (spec: grid 8.3) */
  async #partitionBuildout(
    folder: UntrustedDirectory,
    release: UntrustedDirectory,
    options: InstantiateOptions,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const { directory, releaseDirectory, env } = options;
    await using bin = await openIfPresent(release, 'bin');
    const bootstraps = ((await bin?.list()) ?? []).filter((name) => name.startsWith('bootstrap'));
    if (bootstraps.length > 1) {
      throw new GridError(
        'GRID_PROFILE_MISSING',
        `${releaseDirectory}/bin has more than one bootstrap program: ${bootstraps.join(', ')}`,
        {
          hint: 'A Software Release may have one at most. Correct it and build it again.',
        },
      );
    }
    const own = path.join(directory, 'sbin/buildout');
    const [bootstrap] = bootstraps;
    if (bootstrap !== undefined && bin !== undefined) {
      const script = path.join(releaseDirectory, 'bin', bootstrap);
      const [file = script, ...args] = (await readInterpreter(bin, bootstrap)) ?? [];
      await this.#run(
        {
          file,
          args: file === script ? [] : [...args, script],
          script,
          directory,
          home: options.user?.home ?? directory,
          env,
          umask: 'inherited',
          failure: `Failed to run the bootstrap program ${JSON.stringify(script)} in directory '${directory}'`,
        },
        options,
        signal,
      );
    } else if (await bin?.exists('buildout')) {
      return path.join(releaseDirectory, 'bin/buildout');
    }
    await using sbin = await ensureSubdirectory(folder, 'sbin', {
      mode: BIN_MODE,
      ...ownership(options.user),
    });
    if (!(await sbin.exists('buildout')) || (await sbin.exists(UNFINISHED_MARKER))) {
      await sbin.writeAtomic(UNFINISHED_MARKER, '', { mode: FILE_MODE, ...ownership(options.user) });
      await this.#bootstrap(directory, [`buildout:bin-directory=${directory}/sbin`], options, env, signal);
      await sbin.remove(UNFINISHED_MARKER);
    }
    return own;
  }

  async #bootstrap(
    directory: string,
    parameters: readonly string[],
    options: BuildCommonOptions,
    env: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const program = await findBootstrapProgram({
      commands: this.#ports.commands,
      user: options.user,
      configured: options.buildoutProgram,
      signal,
    });
    await this.#run(
      {
        file: program.file,
        args: [...program.leadingArgs, ...parameters, 'bootstrap'],
        script: program.file,
        directory,
        home: options.user?.home ?? directory,
        env,
        failure: `Failed to bootstrap buildout in directory '${directory}'`,
      },
      options,
      signal,
    );
  }

  /** Runs a buildout script by its own interpreter. `scriptFolder` is the folder below which `script` lies, already open. */
  async #buildout(
    scriptFolder: UntrustedDirectory,
    script: string,
    directory: string,
    parameters: readonly string[],
    options: BuildCommonOptions,
    extra: Pick<BuildCommand, 'env' | 'timeoutMs'>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const [subfolder, name] = [path.basename(path.dirname(script)), path.basename(script)];
    await using binaries = await openIfPresent(scriptFolder, subfolder);
    const interpreter = binaries === undefined ? undefined : await readInterpreter(binaries, name);
    const [file = script, ...args] = interpreter ?? [];
    await this.#run(
      {
        file,
        args: [
          ...(file === script ? [] : [...args, script]),
          ...(options.debug === true ? ['-D'] : []),
          '-U',
          ...parameters,
        ],
        script,
        directory,
        home: directory,
        ...extra,
        failure: `Failed to run buildout profile in directory '${directory}'`,
      },
      options,
      signal,
    );
  }

  #run(command: BuildCommand, options: BuildCommonOptions, signal: AbortSignal | undefined): Promise<void> {
    return runBuildCommand(command, options, this.#ports, signal);
  }
}

/** The profile that partitions of a release extend. */
async function readReleaseProfile(release: UntrustedDirectory): Promise<Buffer> {
  for (const name of RELEASE_PROFILES) {
    const bytes = await release.readBytes(name, { maxBytes: MAX_PROFILE_BYTES });
    if (bytes !== undefined) return bytes;
  }
  throw new GridError(
    'GRID_PROFILE_MISSING',
    `The Software Release in ${release.path} has no instance.cfg (nor template.cfg)`,
    {
      hint: 'Its build did not make one: the release has no instances, or it is faulty.',
    },
  );
}
