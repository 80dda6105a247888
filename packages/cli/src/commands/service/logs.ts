import { Args, Flags } from '@oclif/core';
import { isSlapError, type SlapClient } from '@slapos/slap';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { openClient } from '../../client/session.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { instanceRootOf } from '../../node/supervisor-commands.js';
import { partitionsOfTitle } from '../../node-logs/find-owners.js';
import { logsFlags } from '../../node-logs/logs-flags.js';
import { showLogs } from '../../node-logs/show-logs.js';

/** `slapos service logs` (spec: ux-ideas §15). */
export default class ServiceLogs extends SlaposCommand {
  static override summary = 'show what an instance wrote, when it is on this machine';
  static override description =
    'Like slapos node logs, for all partitions of an instance and its tree. Of an instance on another computer it says where it is.';
  static override examples = ['slapos service logs my-web --follow', 'slapos service logs my-web nginx --since 10m'];
  static override args = {
    reference: Args.string({ required: true, description: 'your name for the instance' }),
    program: Args.string({ description: 'service, or name of a log; all by default' }),
  };
  static override flags = {
    cfg: configFlag,
    'node-cfg': Flags.string({ description: 'configuration file of this machine', helpValue: 'FILE' }),
    ...logsFlags,
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ServiceLogs);
    const instanceRoot = await this.#instanceRoot(flags['node-cfg']);
    const owners = instanceRoot === undefined ? [] : await partitionsOfTitle(instanceRoot, args.reference, this.logger);
    if (instanceRoot !== undefined && owners.length > 0)
      return showLogs(instanceRoot, { owners, program: args.program }, flags, (line) => this.log(line));
    await using client = openClient(await this.loadConfig('client', flags.cfg), this.logger);
    this.logger.error(await this.#whereItIs(client, args.reference));
    return EXIT_CODES.FAILED;
  }

  /** `undefined` where there is no node. */
  async #instanceRoot(configFile: string | undefined): Promise<string | undefined> {
    try {
      return await instanceRootOf(await this.loadConfig('node', configFile));
    } catch (error) {
      if (configFile === undefined && error instanceof CliError && error.code === 'CLI_CONFIGURATION') return undefined;
      throw error;
    }
  }

  async #whereItIs(client: SlapClient, title: string): Promise<string> {
    const options = { signal: this.signal };
    const rpc = await client.jsonRpc(options);
    if (rpc === undefined) return `${title} is not on this machine, as far as its last instance pass knows.`;
    try {
      const { computer_guid: computer, compute_partition_id: partition } = await rpc.call(
        'get.v0.instance_tree',
        { title },
        options,
      );
      return `${title} is on ${computer}, ${partition}: its logs can be read there, with slapos node logs ${partition}`;
    } catch (error) {
      if (isSlapError(error, 'SLAP_AUTHENTICATION') || isSlapError(error, 'SLAP_NOT_FOUND'))
        return `Instance ${title} does not exist, or is on no computer yet.`;
      throw error;
    }
  }
}
