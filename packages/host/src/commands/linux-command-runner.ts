import fs from 'node:fs';

import { fileError, HostError, systemErrorCode } from '../errors.js';
import { silentLogger, type Logger } from '../log/logger.js';
import type { UserDatabase, UserIdentity } from '../users/user.js';
import { AutoSpawner } from './auto-spawner.js';
import type { Command, CommandResult, CommandRunner } from './command.js';
import { baseEnvironment, checkEnvironment, type Environment } from './environment.js';
import { dropArguments, launchArguments, type LaunchTools } from './launch.js';
import { checkTargetUser, DEFAULT_MINIMUM_UID, whyNotDropped } from './privileges.js';
import { findProgram } from './program.js';
import { superviseRun } from './run.js';
import type { Spawner } from './spawner.js';

export interface LinuxCommandRunnerOptions {
  readonly users: UserDatabase;
  /** What this process was started with; children see the allowed part of it. Default: nothing. */
  readonly environment?: Environment;
  /** More names of `environment` that users' children may see. */
  readonly environmentPass?: readonly string[];
  /** Lower uids are refused as targets. Default 100. */
  readonly minimumUid?: number;
  /** Who starts the processes. Default: this process, or a small helper when that is better. */
  readonly spawner?: Spawner;
  readonly logger?: Logger;
}

const VERIFY_TIMEOUT_MS = 10_000;

function ownIds(): { uid: number; gid: number } {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined || gid === undefined) {
    throw new HostError('HOST_INVALID_ARGUMENT', 'The Linux host needs a system with user ids');
  }
  return { uid, gid };
}

/** Runs commands on this machine. See CommandRunner and Command for what it guarantees. */
export class LinuxCommandRunner implements CommandRunner, AsyncDisposable {
  readonly #options: LinuxCommandRunnerOptions;
  readonly #spawner: Spawner;
  readonly #ownSpawner: AutoSpawner | undefined;
  readonly #logger: Logger;
  readonly #uid: number;
  readonly #gid: number;
  /** One proof for each identity that the way down works and has no way back. */
  readonly #verified = new Map<string, Promise<void>>();
  #tools: Promise<LaunchTools> | undefined;

  constructor(options: LinuxCommandRunnerOptions) {
    this.#options = options;
    const ownSpawner = new AutoSpawner();
    this.#ownSpawner = options.spawner === undefined ? ownSpawner : undefined;
    this.#spawner = options.spawner ?? ownSpawner;
    this.#logger = options.logger ?? silentLogger;
    ({ uid: this.#uid, gid: this.#gid } = ownIds());
  }

  async run(command: Command, options: { readonly signal?: AbortSignal } = {}): Promise<CommandResult> {
    const dropPrivileges = await this.#decideUser(command);
    const program = await findProgram(command.file, {
      // What runs as a user is that user's business; what runs as root must be root's.
      mustBeTrusted: this.#uid === 0 && !dropPrivileges && command.file !== process.execPath,
      uid: this.#uid,
    });
    const cwd = command.cwd ?? '/';
    await checkFolder(cwd);
    const env = await this.#environment(command, dropPrivileges);
    const [file, ...args] = launchArguments(command, program, await this.#findTools(), { dropPrivileges });
    if (dropPrivileges && command.user !== undefined) await this.#verify(command.user);
    this.#logger.debug('Running a command', { file: program, args: command.args, cwd, user: command.user?.name });
    const request = {
      file,
      args,
      cwd,
      env,
      inheritTerminal: command.inheritTerminal ?? false,
      dieWithUs: command.dieWithUs ?? false,
      ...(command.input === undefined ? {} : { input: command.input }),
    };
    return superviseRun(command, program, request, this.#spawner, options.signal);
  }

  /** Ends the helper process, if one was needed, and with it the commands that must not outlive us. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ownSpawner?.[Symbol.asyncDispose]();
  }

  /** Whether the command must become another user; refuses the users it must not become. */
  async #decideUser(command: Command): Promise<boolean> {
    const { user } = command;
    if (user === undefined) return false;
    if (this.#uid === user.uid && this.#gid === user.gid && this.#uid !== 0) return false;
    checkTargetUser(user, this.#options.minimumUid ?? DEFAULT_MINIMUM_UID);
    if (this.#uid !== 0) {
      throw new HostError(
        'HOST_NOT_ROOT',
        `Cannot run ${JSON.stringify(command.file)} as ${JSON.stringify(user.name)}: we are uid ${String(this.#uid)}`,
        { hint: 'Run as root, or let the folders belong to the user that runs this.' },
      );
    }
    if (user.groups === undefined && (await this.#options.users.byUid(user.uid)) === undefined) {
      throw new HostError('HOST_REFUSED_IDENTITY', `Uid ${String(user.uid)} has no entry in the password database`, {
        hint: 'Create the user (slapos node format does), or give the folder to one that exists.',
      });
    }
    return true;
  }

  async #environment(command: Command, dropPrivileges: boolean): Promise<Record<string, string>> {
    const own = command.env ?? {};
    checkEnvironment(own);
    if (command.emptyEnvironment === true) return { ...own };
    const owner =
      dropPrivileges && command.user !== undefined ? command.user : await this.#options.users.byUid(this.#uid);
    const base = baseEnvironment({
      inherited: this.#options.environment ?? {},
      passedNames: this.#options.environmentPass ?? [],
      owner: {
        name: owner?.name ?? String(this.#uid),
        home: owner?.home ?? '/',
        isRoot: this.#uid === 0 && !dropPrivileges,
      },
    });
    return { ...base, ...own };
  }

  #findTools(): Promise<LaunchTools> {
    this.#tools ??= (async () => {
      const find = (name: string): Promise<string> =>
        findProgram(name, { mustBeTrusted: this.#uid === 0, uid: this.#uid });
      const [setpriv, prlimit, sh] = await Promise.all([find('setpriv'), find('prlimit'), find('sh')]);
      return { setpriv, prlimit, sh };
    })();
    return this.#tools;
  }

  /** Runs a probe as the user, once for each identity, and looks at what the kernel says about it. */
  #verify(user: UserIdentity): Promise<void> {
    const identity = JSON.stringify([user.uid, user.gid, user.groups ?? null]);
    let proof = this.#verified.get(identity);
    if (proof === undefined) {
      proof = this.#probe(user);
      this.#verified.set(identity, proof);
      proof.catch(() => this.#verified.delete(identity));
    }
    return proof;
  }

  async #probe(user: UserIdentity): Promise<void> {
    const { setpriv } = await this.#findTools();
    const cat = await findProgram('cat', { mustBeTrusted: true, uid: this.#uid });
    const args = [...dropArguments(user), cat, '/proc/self/status'];
    const command: Command = { file: setpriv, args, separateStderr: true, timeoutMs: VERIFY_TIMEOUT_MS };
    const request = { file: setpriv, args, cwd: '/', env: {}, inheritTerminal: false, dieWithUs: false };
    const result = await superviseRun(command, setpriv, request, this.#spawner, undefined);
    const reason =
      result.exitCode === 0
        ? whyNotDropped(result.output, user)
        : result.stderr.trim() || `exit ${String(result.exitCode)}`;
    if (reason !== undefined) {
      throw new HostError(
        'HOST_PRIVILEGES_NOT_DROPPED',
        `A process could not become ${JSON.stringify(user.name)}: ${reason}`,
        {
          hint: 'setpriv of util-linux 2.33 or newer must be able to change users; in a container it needs SETUID, SETGID and SETPCAP.',
        },
      );
    }
  }
}

async function checkFolder(cwd: string): Promise<void> {
  try {
    const stats = cwd === '/' ? fs.statSync(cwd) : await fs.promises.stat(cwd);
    if (stats.isDirectory()) return;
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw fileError('enter', cwd, error);
  }
  throw new HostError(
    'HOST_COMMAND_FAILED_TO_START',
    `There is no folder ${JSON.stringify(cwd)} to run the command in`,
  );
}
