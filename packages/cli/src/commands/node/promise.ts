import { Flags } from '@oclif/core';
import { instanceOptionsFromSection, PASS_EXIT_CODES, runPromisePass } from '@slapos/grid';
import { SlaposCommand } from '../../base/slapos-command.js';
import { PASS_LOCKS, runNodePass } from '../../node/node-pass.js';
import { passFlags } from '../../node/pass-flags.js';

/** `slapos node promise` (spec: cli §3.4). */
export default class NodePromise extends SlaposCommand {
  static override summary = 'run only promises';
  static override description =
    'Checks the promises of the started partitions, whatever their periodicity. Exit code 2: some failed.';
  static override flags = {
    ...passFlags,
    'only-cp': Flags.string({
      description: 'only these partitions, separated by commas',
      aliases: ['only'],
      helpValue: 'LIST',
    }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodePromise);
    const config = await this.loadConfig('node', flags.cfg);
    const request = {
      config,
      flags,
      logger: this.logger,
      signal: this.signal,
      packageRoot: this.config.root,
      lock: PASS_LOCKS.instance,
    };
    return runNodePass(request, async ({ section, ports, signal }) => {
      const result = await runPromisePass(instanceOptionsFromSection(section), ports, { signal });
      return PASS_EXIT_CODES[result.outcome];
    });
  }
}
