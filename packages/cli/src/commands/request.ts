import { Args, Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../base/slapos-command.js';
import { readKeyValues } from '../client/key-values.js';
import { openClient } from '../client/session.js';
import { resolveSoftwareUrl } from '../client/software-url.js';
import { EXIT_CODES } from '../exit-codes.js';
import { pythonLiteral } from '../output/python-literal.js';

/** `slapos request` (spec: cli §4.2). */
export default class Request extends SlaposCommand {
  static override summary = 'request an instance and get status and parameters of instance';
  static override description =
    'Asks the master for an instance of a Software Release, or changes the one of that name. Exit code 2: the master is still making it.';
  static override examples = ['slapos request my-web https://example.org/software.cfg --parameters port=8080'];
  static override args = {
    reference: Args.string({ required: true, description: 'your name for the instance' }),
    software_url: Args.string({ required: true, description: 'URL of the Software Release, or product.NAME' }),
  };
  static override flags = {
    cfg: configFlag,
    node: Flags.string({
      multiple: true,
      description: 'where it may run, such as computer_guid=COMP-1234',
      helpValue: 'KEY=VALUE',
    }),
    type: Flags.string({ description: 'software type (default)', helpValue: 'TYPE' }),
    state: Flags.string({
      description: 'started, stopped or destroyed; without it the state stays',
      helpValue: 'STATE',
    }),
    slave: Flags.boolean({ description: "ask for a shared instance, on somebody's instance", aliases: ['shared'] }),
    parameters: Flags.string({ multiple: true, description: 'parameters of the instance', helpValue: 'KEY=VALUE' }),
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Request);
    const parameters = readKeyValues('parameters', flags.parameters ?? []);
    const filter = readKeyValues('node', flags.node ?? []);
    const config = await this.loadConfig('client', flags.cfg);
    await using client = openClient(config, this.logger);
    this.logger.info(`Requesting ${args.reference} as an instance of ${args.software_url} ...`);
    const partition = await client.registerOpenOrder().request(
      {
        softwareReleaseUrl: await resolveSoftwareUrl(args.software_url, client, this.logger),
        partitionReference: args.reference,
        parameters,
        filter,
        softwareType: flags.type,
        state: flags.state,
        shared: flags.slave,
      },
      { signal: this.signal },
    );
    if (!partition.isReady) {
      this.logger.warn(
        'Instance requested. Master is provisioning it. Please rerun in a couple of minutes to get connection information.',
      );
      return EXIT_CODES.NOT_READY;
    }
    this.logger.info(`Instance requested.\nState is : ${await partition.getState()}.`);
    this.logger.info('Connection parameters of instance are:');
    this.logger.info(pythonLiteral(await partition.getConnectionParameterDict()));
    this.logger.info('You can rerun the command to get up-to-date information.');
    return EXIT_CODES.OK;
  }
}
