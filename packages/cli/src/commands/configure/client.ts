import { SlaposCommand, configFlag } from '../../base/slapos-command.js';
import { configPath } from '../../config/config-file.js';
import { refuseExistingClient, writeClientConfiguration } from '../../configure/client-files.js';
import { readToken, tokenFlags } from '../../configure/credentials.js';
import { WebMaster, webFlags } from '../../configure/web-master.js';
import { EXIT_CODES } from '../../exit-codes.js';

/** `slapos configure client` (spec: cli §5.1). */
export default class ConfigureClient extends SlaposCommand {
  static override summary = 'register client on SlapOS Master';
  static override description =
    'Gets a certificate for you from the master, and writes the configuration of the client commands beside it. Nothing is written when the master refuses.';
  static override examples = ['slapos configure client --token-file token'];
  static override flags = { cfg: configFlag, ...webFlags, ...tokenFlags };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ConfigureClient);
    const { logger, signal } = this;
    const file = configPath('client', flags.cfg, process.env);
    await refuseExistingClient(file);
    const master = new WebMaster(flags, logger, signal);
    const token = await readToken(flags, { question: 'Credential security token: ', logger, signal });
    await writeClientConfiguration(file, flags['master-url'], await master.getCertificate(token));
    logger.info(`SlapOS client configuration written to ${file}`);
    return EXIT_CODES.OK;
  }
}
