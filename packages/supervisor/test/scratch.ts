import { chmod, chown, mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLinuxHost, silentLogger, type UserIdentity } from '@slapos/host';
import {
  createSupervisordAdapter,
  type Program,
  type Supervisor,
  type SupervisordAdapterOptions,
  type SupervisorKind,
  writeSupervisorEnvironment,
} from '../src/index.js';
import { DAEMON_FILE } from './build-daemon.js';

/** Who the services belong to: as root Debian's `nobody`, else ourselves. */
export async function serviceUser(): Promise<UserIdentity> {
  const user = await createLinuxHost().users.byName(process.geteuid?.() === 0 ? 'nobody' : os.userInfo().username);
  if (!user) throw new Error('The user of the services is not in the password database');
  return user;
}

/** An instance root with one supervisor, gone at the end of the test. */
export class Scratch implements AsyncDisposable {
  readonly supervisor: Supervisor;
  readonly instanceRoot: string;
  readonly #user: UserIdentity;

  private constructor(instanceRoot: string, user: UserIdentity, kind: SupervisorKind) {
    this.instanceRoot = instanceRoot;
    this.#user = user;
    this.supervisor = this.otherSupervisor({ kind });
  }

  /** Another one that looks at the same node, with options of its own. */
  otherSupervisor(options: Partial<SupervisordAdapterOptions>): Supervisor {
    return createSupervisordAdapter({
      instanceRoot: this.instanceRoot,
      commands: createLinuxHost().commands,
      logger: silentLogger,
      embeddedCommand: [process.execPath, DAEMON_FILE],
      ...options,
    });
  }

  static async create(kind: SupervisorKind = 'supervisord'): Promise<Scratch> {
    const instanceRoot = await realpath(await mkdtemp(path.join(os.tmpdir(), 'sv-')));
    await chmod(instanceRoot, 0o755);
    await writeSupervisorEnvironment({ instanceRoot });
    return new Scratch(instanceRoot, await serviceUser(), kind);
  }

  /** A partition's folder. */
  async partition(id: string): Promise<string> {
    const folder = path.join(this.instanceRoot, id);
    await mkdir(folder, { recursive: true });
    await chown(folder, this.#user.uid, this.#user.gid);
    return folder;
  }

  /** A program of a partition that is this shell script. */
  async program(partitionId: string, id: string, script: string): Promise<Program> {
    const directory = await this.partition(partitionId);
    const file = path.join(directory, id);
    // Replaced as a whole: the old one may be about to be executed.
    await writeFile(`${file}.new`, `#!/bin/sh\n${script}\n`);
    await chmod(`${file}.new`, 0o755);
    await rename(`${file}.new`, file);
    return {
      id,
      processName: `${id}-on-watch`,
      command: file,
      directory,
      uid: this.#user.uid,
      gid: this.#user.gid,
      userName: this.#user.name,
      home: directory,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.supervisor.shutdown();
    await rm(this.instanceRoot, { recursive: true, force: true });
  }
}

/** Waits until the condition holds. */
export async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}`);
    await pause(20);
  }
}
