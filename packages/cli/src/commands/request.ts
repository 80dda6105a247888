import { Args, Flags } from '@oclif/core';
import {
  type ComputerPartition,
  deserialiseParameters,
  type InstanceRequest,
  type NotReady,
  type RequestDictionary,
  type SlapClient,
  SoftwareReleaseSchema,
} from '@slapos/slap';
import { configFlag, SlaposCommand } from '../base/slapos-command.js';
import { type CheckedParameters, warnOfProblems } from '../client/check-parameters.js';
import { EventClient } from '../client/event-stream.js';
import { readKeyValues } from '../client/key-values.js';
import { findInstance } from '../client/known-instance.js';
import { decodedConnection } from '../client/published.js';
import { renderRequestCheck } from '../client/render-check.js';
import { parameterFlags, requestParameters } from '../client/request-parameters.js';
import { masterAccess, openClient } from '../client/session.js';
import { resolveSoftwareUrl } from '../client/software-url.js';
import {
  isWaiting,
  waitFlags,
  type WaitFlagValues,
  waitForInstance,
  withWaitGoal,
} from '../client/wait-for-instance.js';
import { CliError } from '../errors.js';
import { EXIT_CODES } from '../exit-codes.js';
import { outputFlags, outputFormat, type OutputFlagValues } from '../output/output-flags.js';
import { pythonLiteral } from '../output/python-literal.js';
import { renderOne } from '../output/render-result.js';

/** `slapos request` (spec: cli §4.2, ux-ideas §11–13). */
export default class Request extends SlaposCommand {
  static override summary = 'request an instance and get status and parameters of instance';
  static override description =
    'Asks the master for an instance of a Software Release, or changes the one of that name. Exit code 2: the master is still making it.';
  static override examples = [
    'slapos request my-web https://example.org/software.cfg --parameters port=8080',
    'slapos request my-web https://example.org/software.cfg -f parameters.yaml --set domain=example.org --check',
    'slapos request my-web https://example.org/software.cfg --wait --timeout 5m',
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
    ...parameterFlags,
    check: Flags.boolean({ description: 'only check the parameters and show what would be sent' }),
    strict: Flags.boolean({ description: 'send nothing when the parameters do not validate' }),
    ...waitFlags,
    ...outputFlags,
  };

  override async run(): Promise<number> {
    this.argv = withWaitGoal(this.argv);
    const { args, flags } = await this.parse(Request);
    const filter = readKeyValues('node', flags.node ?? []);
    // Before the configuration: what is wrong on the command line is said first.
    readKeyValues('parameters', flags.parameters ?? []);
    const config = await this.loadConfig('client', flags.cfg);
    await using client = openClient(config, this.logger);
    const softwareReleaseUrl = await resolveSoftwareUrl(args.software_url, client, this.logger);
    const schema = new SoftwareReleaseSchema({
      softwareReleaseUrl,
      softwareType: flags.type,
      shared: flags.slave,
      logger: this.logger,
    });
    const { reference } = args;
    const parameters = await requestParameters(flags, { reference, client, schema, signal: this.signal });
    if (parameters === undefined) {
      this.logger.info('Nothing was changed, so nothing is sent.');
      return EXIT_CODES.OK;
    }
    const what = `${reference} as an instance of ${args.software_url}`;
    this.logger.info(`Validating request parameters for ${what} ...`);
    const outcome = await warnOfProblems(schema, parameters, this.logger);
    if (flags.check) {
      this.log(await this.#checkText({ reference, client, schema, filter, parameters, outcome }));
      return outcome === 'invalid' ? EXIT_CODES.FAILED : EXIT_CODES.OK;
    }
    if (flags.strict && outcome === 'invalid') {
      throw new CliError('CLI_INPUT', 'The parameters do not validate, so nothing was sent.', {
        hint: 'Without --strict they are sent all the same.',
      });
    }
    this.logger.info(`Requesting ${what} ...`);
    const request: InstanceRequest = {
      softwareReleaseUrl,
      partitionReference: reference,
      // What came out of JSON, YAML or XML can be marshalled; the client says so when it cannot.
      parameters: parameters.sent as RequestDictionary,
      filter,
      softwareType: flags.type,
      state: flags.state,
      shared: flags.slave,
    };
    const events = new EventClient(masterAccess(config), this.logger);
    const partition = await this.#send(client, events, request, flags);
    return await this.#show(partition, request, schema, flags);
  }

  async #send(
    client: SlapClient,
    events: EventClient,
    request: InstanceRequest,
    flags: WaitFlagValues,
  ): Promise<ComputerPartition | NotReady | undefined> {
    const partition = await client.registerOpenOrder().request(request, { signal: this.signal });
    if (!isWaiting(flags)) return partition;
    return (await waitForInstance({ client, events, request, flags, logger: this.logger, signal: this.signal }))
      .partition;
  }

  /** @param partition `undefined` when it was waited for to be gone */
  async #show(
    partition: ComputerPartition | NotReady | undefined,
    request: InstanceRequest,
    schema: SoftwareReleaseSchema,
    flags: OutputFlagValues,
  ): Promise<number> {
    const isReady = partition?.isReady === true;
    const state = isReady ? await partition.getState() : partition === undefined ? 'destroyed' : undefined;
    const connection = isReady ? await decodedConnection(await partition.getConnectionParameterDict(), schema) : {};
    if (isReady) {
      this.logger.info(`Instance requested.\nState is : ${state ?? ''}.`);
      this.logger.info('Connection parameters of instance are:');
      this.logger.info(pythonLiteral(connection));
      this.logger.info('You can rerun the command to get up-to-date information.');
    } else if (partition === undefined) {
      this.logger.info(`Instance ${request.partitionReference} is destroyed.`);
    } else {
      this.logger.warn(
        'Instance requested. Master is provisioning it. Please rerun in a couple of minutes to get connection information.',
      );
    }
    if (outputFormat(flags) !== 'text') {
      const content = {
        reference: request.partitionReference,
        softwareUrl: request.softwareReleaseUrl,
        softwareType: schema.softwareType,
        shared: request.shared ?? false,
        ...(state === undefined ? {} : { state }),
        ready: isReady,
        ...(isReady ? { computer: partition.computerId, partition: partition.partitionId } : {}),
        connection,
      };
      this.log(await renderOne({ kind: 'Instance', content, text: () => '' }, flags));
    }
    return partition === undefined || isReady ? EXIT_CODES.OK : EXIT_CODES.NOT_READY;
  }

  async #checkText(check: {
    readonly reference: string;
    readonly client: SlapClient;
    readonly schema: SoftwareReleaseSchema;
    readonly filter: Readonly<Record<string, string>>;
    readonly parameters: CheckedParameters;
    readonly outcome: Awaited<ReturnType<typeof warnOfProblems>>;
  }): Promise<string> {
    const { reference, client, schema, filter, parameters, outcome } = check;
    const serialisation = await schema.getSerialisation();
    // A master that cannot say what it has does not keep anybody from checking.
    const known = await findInstance(client, reference, this.signal).catch((error: unknown) => {
      this.logger.debug('What the instance has now is not known', { error });
      return undefined;
    });
    const document = deserialiseParameters(parameters.sent, serialisation);
    return renderRequestCheck({
      reference,
      schema,
      serialisation,
      filter,
      document,
      current: known?.document,
      outcome,
    });
  }
}
