import { access } from 'node:fs/promises';
import { Flags } from '@oclif/core';
import { type PruneOptions, pruneSharedParts } from '@slapos/grid';
import { createLinuxHost, isSlapOSError, silentLogger } from '@slapos/host';
import { checkRoot } from '../../base/root-check.js';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import type { ConfigFile } from '../../config/config-file.js';
import { canAsk, confirm } from '../../console/prompt.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { bytesText } from '../../metering/figures.js';
import { folderSizes } from '../../node/folder-sizes.js';
import { makeLockFolder, PASS_LOCKS } from '../../node/node-pass.js';
import { linesOf, readNestedNode } from '../../node/nested-node.js';

const SIZE_WIDTH = 9;

/** `slapos node prune` (spec: cli §3.10). */
export default class NodePrune extends SlaposCommand {
  static override summary = 'remove shared parts that nothing uses';
  static override description =
    'Looks through the last folder of shared_part_list, and removes what no Software Release refers to.';
  static override flags = {
    cfg: configFlag,
    'dry-run': Flags.boolean({ description: 'say what would be removed, and remove nothing' }),
    yes: Flags.boolean({ description: 'do not ask; where there is no terminal, nobody is asked anyway' }),
    'additional-software-directory': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: 'another folder of Software Releases that use the shared parts; repeatable',
      helpValue: 'DIR',
    }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodePrune);
    const config = await this.loadConfig('node', flags.cfg);
    const sharedPartList = linesOf(config.value('slapos', 'shared_part_list') ?? '');
    if (sharedPartList.length === 0) {
      this.logger.error('No shared_part_list options in slapos config');
      return EXIT_CODES.CANNOT_PRUNE;
    }
    checkRoot(config);
    const lockFile =
      config.value('slapos', PASS_LOCKS.software.key) ??
      config.value('slapos', 'pidfile') ??
      PASS_LOCKS.software.fallback;
    if (!flags['dry-run'] && (await exists(lockFile))) {
      this.logger.error('Cannot prune while software is running');
      return EXIT_CODES.CANNOT_PRUNE;
    }
    return this.#prune(config, sharedPartList, lockFile, flags);
  }

  async #prune(
    config: ConfigFile,
    sharedPartList: readonly string[],
    lockFile: string,
    flags: {
      readonly 'dry-run': boolean;
      readonly yes: boolean;
      readonly 'additional-software-directory'?: string[] | undefined;
    },
  ): Promise<number> {
    const options = {
      softwareRoot: required(config, 'software_root'),
      instanceRoot: required(config, 'instance_root'),
      sharedPartList,
      additionalSoftwareDirectories: flags['additional-software-directory'] ?? [],
      dryRun: flags['dry-run'],
      readNestedNode,
    };
    const { locks } = createLinuxHost({ logger: this.logger });
    try {
      if (lockFile === PASS_LOCKS.software.fallback) await makeLockFolder();
      await using _held = await locks.acquire(lockFile);
      if (!flags['dry-run'] && !flags.yes && canAsk() && !(await this.#confirm(options))) {
        this.logger.info('Nothing was removed.');
        return EXIT_CODES.OK;
      }
      const { failed } = await pruneSharedParts(options, { logger: this.logger }, { signal: this.signal });
      return failed.length === 0 ? EXIT_CODES.OK : EXIT_CODES.FAILED;
    } catch (error) {
      if (!isSlapOSError(error) || error.code !== 'HOST_LOCKED') throw error;
      this.logger.error(error.message);
      return EXIT_CODES.BUSY;
    }
  }

  /** Says what goes away and how much that is, and asks; nobody is asked about nothing (spec: ux-ideas §22). */
  async #confirm(options: PruneOptions): Promise<boolean> {
    const { signal } = this;
    const { removed } = await pruneSharedParts({ ...options, dryRun: true }, { logger: silentLogger }, { signal });
    if (removed.length === 0) return true;
    const sizes = await folderSizes(removed, this.logger);
    for (const folder of removed)
      this.logger.info(`${bytesText(sizes.get(folder) ?? 0).padStart(SIZE_WIDTH)}  ${folder}`);
    const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    const what = removed.length === 1 ? 'this shared part' : `these ${removed.length} shared parts`;
    const question = `Remove ${what}, ${bytesText(total)}? [y/N] `;
    return confirm({ question, otherwise: 'With --yes it is not asked for.', signal });
  }
}

function required(config: ConfigFile, key: string): string {
  const value = config.value('slapos', key);
  if (value) return value;
  throw new CliError('CLI_CONFIGURATION', `Missing mandatory parameters: ${key}`, {
    hint: `Set it in [slapos] of ${config.file}.`,
  });
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
