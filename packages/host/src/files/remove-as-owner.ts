import fs from 'node:fs/promises';
import path from 'node:path';

import type { CommandRunner } from '../commands/command.js';
import type { Disks } from '../disks/disks.js';
import { HostError } from '../errors.js';
import { silentLogger, type Logger } from '../log/logger.js';
import type { UserIdentity } from '../users/user.js';
import type { OwnerRemoval } from './remove-tree.js';

const DEFAULT_TIMEOUT_MS = 3_600_000;
const KEPT_MESSAGE_LENGTH = 500;

export interface RemoveAsOwnerOptions {
  readonly commands: CommandRunner;
  readonly disks: Disks;
  readonly user: UserIdentity;
  /** Then the rest is removed by us. Default one hour. */
  readonly timeoutMs?: number;
  readonly logger?: Logger;
}

/**
 * For `removeTree`: the owner of a tree removes it with its own rights, so that a race with it can only hurt itself; we only
 * remove what it leaves. Nothing is done when something is mounted in the tree. (spec: security P1, S24)
 */
export function removeAsOwner(options: RemoveAsOwnerOptions): OwnerRemoval {
  const { commands, disks, user, logger = silentLogger } = options;
  return async (directory, name, signal) => {
    const tree = path.join(await fs.readlink(directory), name);
    const mounted = (await disks.mounts()).find(
      ({ mountPoint }) => mountPoint === tree || mountPoint.startsWith(`${tree}/`),
    );
    if (mounted !== undefined) {
      logger.warn('Something is mounted in a tree to remove', { path: tree, mountPoint: mounted.mountPoint });
      return;
    }
    try {
      const result = await commands.run(
        {
          file: 'rm',
          args: ['-rf', '--one-file-system', '--', `./${name}`],
          cwd: directory,
          user,
          timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
          dieWithUs: true,
        },
        signal === undefined ? {} : { signal },
      );
      if (result.exitCode !== 0) {
        logger.debug('The owner could not remove everything', {
          path: tree,
          said: result.output.slice(0, KEPT_MESSAGE_LENGTH),
        });
      }
    } catch (error) {
      if (error instanceof HostError && error.code !== 'HOST_COMMAND_ABORTED') {
        logger.warn('The tree cannot be removed as its owner, so we remove it', { path: tree, reason: error.message });
        return;
      }
      throw error;
    }
  };
}
