import { Args, Flags } from '@oclif/core';
import { type InstanceInformation, isSlapError } from '@slapos/slap';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { decodedDocument } from '../../client/service-description.js';
import { serviceStatus } from '../../client/service-status.js';
import { openClient } from '../../client/session.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { asciiJson } from '../../output/ascii-json.js';
import { outputFlags } from '../../output/output-flags.js';
import { renderOne } from '../../output/render-result.js';

/** `slapos service info` (spec: cli §4.5). */
export default class ServiceInfo extends SlaposCommand {
  static override summary = 'get status, software_release and parameters of an instance';
  static override examples = ['slapos service info my-web'];
  static override args = { reference: Args.string({ required: true, description: 'your name for the instance' }) };
  static override flags = {
    cfg: configFlag,
    news: Flags.boolean({ description: "also show the instance's news, as the master has them" }),
    ...outputFlags,
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ServiceInfo);
    const config = await this.loadConfig('client', flags.cfg);
    await using client = openClient(config, this.logger);
    let information: InstanceInformation;
    try {
      information = await client.registerOpenOrder().getInformation(args.reference, { signal: this.signal });
    } catch (error) {
      if (!isSlapError(error)) throw error;
      if (error.code === 'SLAP_NOT_READY') this.logger.warn('Instance does not exist or is not ready yet.');
      else if (error.code === 'SLAP_NOT_FOUND') this.logger.warn(`Instance ${args.reference} does not exist.`);
      else throw error;
      return EXIT_CODES.NOT_READY;
    }
    const content = shown(information, flags.news);
    // Scripts know the bare object, so documents are that, too.
    this.log(await renderOne({ kind: 'Service', content, text: () => asciiJson(content), bare: content }, flags));
    return EXIT_CODES.OK;
  }
}

/** The keys in the order that scripts and people know. */
function shown(information: InstanceInformation, withNews: boolean): Record<string, unknown> {
  const status = serviceStatus(information.news);
  return {
    'software-url': information.softwareReleaseUrl ?? null,
    'software-type': information.softwareType ?? null,
    shared: information.isShared,
    'requested-state': information.requestedState ?? null,
    'instance-parameters': information.instanceParameters,
    'connection-parameters': decodedDocument(information.connectionParameters),
    status,
    ...(withNews && status !== 'unsupported' ? { news: information.news } : {}),
  };
}
