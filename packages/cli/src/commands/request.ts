import { Args, Flags } from '@oclif/core';
import {
  deserialiseParameters,
  isSlapError,
  type RequestDictionary,
  type Serialisation,
  serialiseParameters,
  SoftwareReleaseSchema,
} from '@slapos/slap';
import { configFlag, SlaposCommand } from '../base/slapos-command.js';
import { warnOfProblems } from '../client/check-parameters.js';
import { readKeyValues } from '../client/key-values.js';
import { readParametersFile } from '../client/parameters-file.js';
import { openClient } from '../client/session.js';
import { resolveSoftwareUrl } from '../client/software-url.js';
import { CliError } from '../errors.js';
import { EXIT_CODES } from '../exit-codes.js';
import { pythonLiteral } from '../output/python-literal.js';

const SERIALISATIONS = ['xml', 'json-in-xml'] as const satisfies readonly Serialisation[];

/** `slapos request` (spec: cli §4.2). */
export default class Request extends SlaposCommand {
  static override summary = 'request an instance and get status and parameters of instance';
  static override description =
    'Asks the master for an instance of a Software Release, or changes the one of that name. Exit code 2: the master is still making it.';
  static override examples = [
    'slapos request my-web https://example.org/software.cfg --parameters port=8080',
    'slapos request my-web https://example.org/software.cfg --parameters-file parameters.yaml',
  ];
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
    'parameters-file': Flags.string({
      description: 'file of the parameters: JSON, YAML (.yaml) or XML (.xml); - is standard input',
      helpValue: 'FILE',
      exclusive: ['parameters'],
    }),
    'force-serialisation': Flags.option({
      description: 'how the parameters of the file are sent, whatever the Software Release says',
      options: SERIALISATIONS,
      helpValue: SERIALISATIONS.join('|'),
      dependsOn: ['parameters-file'],
    })(),
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Request);
    const fromLine = readKeyValues('parameters', flags.parameters ?? []);
    const filter = readKeyValues('node', flags.node ?? []);
    const config = await this.loadConfig('client', flags.cfg);
    await using client = openClient(config, this.logger);
    const softwareReleaseUrl = await resolveSoftwareUrl(args.software_url, client, this.logger);
    const schema = new SoftwareReleaseSchema({
      softwareReleaseUrl,
      softwareType: flags.type,
      shared: flags.slave,
      logger: this.logger,
    });
    const file = flags['parameters-file'];
    const parameters = file === undefined ? fromLine : await this.#fromFile(file, flags['force-serialisation'], schema);
    const what = `${args.reference} as an instance of ${args.software_url}`;
    this.logger.info(`Validating request parameters for ${what} ...`);
    await warnOfProblems(schema, parameters, this.logger);
    this.logger.info(`Requesting ${what} ...`);
    const partition = await client.registerOpenOrder().request(
      {
        softwareReleaseUrl,
        partitionReference: args.reference,
        // What came out of JSON, YAML or XML can be marshalled; the client says so when it cannot.
        parameters: parameters as RequestDictionary,
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
    this.logger.info(pythonLiteral(await this.#decoded(await partition.getConnectionParameterDict(), schema)));
    this.logger.info('You can rerun the command to get up-to-date information.');
    return EXIT_CODES.OK;
  }

  async #fromFile(
    file: string,
    forced: Serialisation | undefined,
    schema: SoftwareReleaseSchema,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { parameters, isXml } = await readParametersFile(file, process.stdin);
    if (isXml) return parameters;
    try {
      return serialiseParameters(parameters, forced ?? (await schema.getSerialisation({ strict: true })));
    } catch (cause) {
      if (!isSlapError(cause, 'SLAP_SCHEMA_UNUSABLE')) throw cause;
      throw new CliError(
        'CLI_INPUT',
        `Cannot tell how to send the parameters: ${schema.softwareReleaseUrl}.json cannot be read, or says no serialisation.`,
        { hint: 'Say it with --force-serialisation xml, or json-in-xml.', cause },
      );
    }
  }

  /** What a release published as JSON in `_` is shown as what it is. */
  async #decoded(published: Readonly<Record<string, unknown>>, schema: SoftwareReleaseSchema): Promise<unknown> {
    if (!Object.hasOwn(published, '_')) return published;
    const serialisation = await schema.getSerialisation();
    try {
      return deserialiseParameters(published, serialisation);
    } catch (error) {
      if (!isSlapError(error, 'SLAP_PARAMETERS_INVALID')) throw error;
      return published;
    }
  }
}
