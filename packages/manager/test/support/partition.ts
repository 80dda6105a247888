import { chmod, mkdir, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { createLinuxHost, type Host, UntrustedDirectory } from '@slapos/host';
import { RecordingLogger } from '@slapos/host/testing';

import {
  loadManagers,
  type LoadManagersOptions,
  type ManagedPartition,
  type ManagedProgram,
  type ManagerSet,
} from '../../src/index.js';

/** A folder for one test: partitions, what managers remember, and what they were asked to run. */
export class Machine implements AsyncDisposable {
  readonly directory: string;
  readonly logger = new RecordingLogger();
  /** The groups that managers have made, by partition and suffix. */
  readonly groups = new Map<string, readonly ManagedProgram[]>();
  readonly started: string[] = [];
  host: Host = createLinuxHost();

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<Machine> {
    const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), 'slapos-manager-')));
    await chmod(directory, 0o755);
    return new Machine(directory);
  }

  at(...names: string[]): string {
    return path.join(this.directory, ...names);
  }

  load(names: readonly string[], options: Partial<LoadManagersOptions> = {}): Promise<ManagerSet> {
    return loadManagers(
      {
        names,
        sections: new Map(),
        packageDirectories: [],
        stateDirectory: this.at('managers'),
        powerUsers: [],
        ...options,
      },
      { host: this.host, logger: this.logger },
    );
  }

  async partition(partitionId: string, parts: Partial<ManagedPartition> = {}): Promise<ManagedPartition> {
    const directory = this.at(partitionId);
    await mkdir(directory, { recursive: true });
    const { uid, gid } = await stat(directory);
    return {
      partitionId,
      computerId: 'COMP-1',
      directory,
      folder: await UntrustedDirectory.open(directory),
      owner: { uid, gid },
      user: undefined,
      userName: 'tenant',
      softwareReleaseUrl: 'https://sr.example/software.cfg',
      requestedState: 'started',
      parameters: {},
      addresses: ['10.0.0.2', '2001:db8::2'],
      services: {
        setGroup: async (suffix, programs) => {
          if (programs.length === 0) this.groups.delete(`${partitionId}-${suffix}`);
          else this.groups.set(`${partitionId}-${suffix}`, programs);
        },
        startOnce: async (suffix, id) => {
          const name = `${partitionId}-${suffix}:${id}`;
          if (this.started.includes(name)) return false;
          this.started.push(name);
          return true;
        },
      },
      mayBeRemoved: async () => true,
      logger: this.logger,
      ...parts,
    };
  }

  /** The reasons that were logged as warnings. */
  warnings(): string[] {
    return this.logger.records
      .filter(({ level }) => level === 'warn')
      .map(({ message, fields }) => {
        const reason = fields['reason'];
        return typeof reason === 'string' ? `${message}: ${reason}` : message;
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
