import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Flags } from '@oclif/core';
import { bootNode, type BootSteps } from '@slapos/grid';
import { createLinuxHost, UntrustedDirectory } from '@slapos/host';
import { checkRoot } from '../../base/root-check.js';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import type { ConfigFile } from '../../config/config-file.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';

/** `slapos node boot` (spec: cli §3.8). */
export default class NodeBoot extends SlaposCommand {
  static override summary = 'prepare the node after the machine was started';
  static override description =
    'For a boot script: waits for the IPv6 address of the interface, formats the computer, asks the master to have every partition processed again, and forgets when they were last processed. Tries again until it succeeds.';
  static override examples = ['slapos node boot'];
  static override flags = {
    cfg: configFlag,
    message: Flags.string({
      char: 'm',
      description: 'why, for those who read the log of the master',
      helpValue: 'TEXT',
      default: 'Reboot',
    }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeBoot);
    const config = await this.loadConfig('node', flags.cfg);
    checkRoot(config);
    const masterUrl = required(config, 'master_url');
    const instanceRoot = path.resolve(required(config, 'instance_root'));
    const baseName = config.value('slapformat', 'partition_base_name') ?? 'slappart';
    const ipv6Interface =
      config.value('slapformat', 'ipv6_interface') ?? config.value('slapformat', 'interface_name') ?? '';
    const host = createLinuxHost({ logger: this.logger, environment: process.env });
    const steps: BootSteps = {
      format: () => this.#format(config.file),
      bang: async () => {
        await (await this.program()).runCommand('node:bang', ['--cfg', config.file, '--message', flags.message]);
      },
      forgetTimestamps: () => this.#forgetTimestamps(instanceRoot, baseName),
    };
    const options = { masterUrl, signal: this.signal, ...(ipv6Interface === '' ? {} : { ipv6Interface }) };
    await bootNode(options, steps, { host, logger: this.logger.named('slapos.boot') });
    return EXIT_CODES.OK;
  }

  /** In this process, so that there is one log; what it throws is a failure that may be over in a moment. */
  async #format(file: string): ReturnType<BootSteps['format']> {
    try {
      const code = await (await this.program()).runCommand('node:format', ['--cfg', file, '--now']);
      if (code === EXIT_CODES.OK) return 'formatted';
      return code === EXIT_CODES.NOT_POSTED ? 'not-posted' : 'failed';
    } catch (error) {
      this.signal.throwIfAborted();
      this.logger
        .named('slapos.boot')
        .error(`[BOOT] ${error instanceof Error ? error.message : String(error)}`, { error });
      return 'failed';
    }
  }

  /** The next instance pass then processes all partitions. */
  async #forgetTimestamps(instanceRoot: string, baseName: string): Promise<void> {
    const names = (await readdir(instanceRoot)).filter((name) => name.startsWith(baseName)).sort();
    for (const name of names) {
      const folder = path.join(instanceRoot, name);
      await using partition = await UntrustedDirectory.open(folder).catch(() => undefined);
      if (partition === undefined || (await partition.stat('.timestamp')) === undefined) continue;
      this.logger.named('slapos.boot').info(`Removing ${path.join(folder, '.timestamp')}`);
      await partition.remove('.timestamp');
    }
  }
}

function required(config: ConfigFile, key: string): string {
  const value = config.value('slapos', key);
  if (value) return value;
  throw new CliError('CLI_CONFIGURATION', `Missing mandatory parameters: ${key}`, {
    hint: `Set it in [slapos] of ${config.file}.`,
  });
}
