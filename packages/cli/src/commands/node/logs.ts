import { Args } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { instanceRootOf } from '../../node/supervisor-commands.js';
import { ownersOf } from '../../node-logs/find-owners.js';
import { logsFlags } from '../../node-logs/logs-flags.js';
import { showLogs } from '../../node-logs/show-logs.js';

/** `slapos node logs` (spec: ux-ideas §15). */
export default class NodeLogs extends SlaposCommand {
  static override summary = 'show what services, promises and passes wrote, by time';
  static override description =
    'Reads the logs of services, the files in var/log of the instances, the logs of promises, the errors of builds, and what the passes did. With --follow it goes on, also when logs are rotated.';
  static override examples = [
    'slapos node logs slappart3 --follow',
    'slapos node logs my-web nginx --since 10m',
    'slapos node logs slappart5 --last-pass',
    'slapos node logs --since 1d --grep "error|fatal" --json',
  ];
  static override args = {
    partition: Args.string({ description: 'partition, title of an instance, or node; all by default' }),
    program: Args.string({ description: 'service, or name of a log; all by default' }),
  };
  static override flags = { cfg: configFlag, ...logsFlags };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(NodeLogs);
    const instanceRoot = await instanceRootOf(await this.loadConfig('node', flags.cfg));
    const owners = args.partition === undefined ? undefined : await ownersOf(instanceRoot, args.partition, this.logger);
    return showLogs(instanceRoot, { owners, program: args.program }, flags, (line) => this.log(line));
  }
}
