import { Args, Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { configPath } from '../../config/config-file.js';
import { readToken, tokenFlags } from '../../configure/credentials.js';
import { readLogin } from '../../configure/login.js';
import {
  checkNodeFolder,
  describeNodeConfiguration,
  type NodeSettings,
  writeNodeConfiguration,
} from '../../configure/node-files.js';
import { WebMaster, webFlags } from '../../configure/web-master.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';

/** `slapos node register` (spec: cli §3.11). */
export default class NodeRegister extends SlaposCommand {
  static override summary = 'register a node in SlapOS cloud';
  static override description =
    'Gets a certificate for this machine from the master, and writes the configuration of the node. A configuration that is there is moved aside.';
  static override examples = [
    'slapos node register my-node --token-file token --interface-name eth0',
    'slapos node register my-node --dry-run',
  ];
  static override args = { node_name: Args.string({ required: true, description: 'title of this node' }) };
  static override flags = {
    cfg: configFlag,
    'interface-name': Flags.string({
      description: 'interface that partitions get their addresses on',
      default: 'lo',
      helpValue: 'NAME',
    }),
    ...webFlags,
    'partition-number': Flags.integer({ description: 'how many partitions', default: 10, min: 1, helpValue: 'N' }),
    'ipv4-local-network': Flags.string({
      description: "network of the partitions' IPv4 addresses",
      default: '10.0.0.0/16',
      helpValue: 'NETWORK',
    }),
    'ipv6-interface': Flags.string({ description: 'obsolete, without effect', hidden: true }),
    'software-root': Flags.string({ default: '/opt/slapgrid', description: 'where software goes', helpValue: 'DIR' }),
    'instance-root': Flags.string({ default: '/srv/slapgrid', description: 'where instances go', helpValue: 'DIR' }),
    'login-auth': Flags.boolean({
      description: 'prove who you are by login and password',
      exclusive: ['token', 'token-file'],
    }),
    login: Flags.string({
      description: 'your login; then the password is asked for',
      exclusive: ['token', 'token-file'],
    }),
    password: Flags.string({
      description: 'your password; others see it in the list of processes: leave it out to be asked',
      dependsOn: ['login'],
    }),
    ...tokenFlags,
    'create-tap': Flags.boolean({ char: 't', description: 'make a tap interface for each partition' }),
    'register-only-check': Flags.boolean({
      description:
        'check the master, your credentials and the folder of the configuration; nothing is registered or written',
      exclusive: ['dry-run'],
    }),
    'dry-run': Flags.boolean({ char: 'n', description: 'show what would be written; nothing is, and nobody is asked' }),
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(NodeRegister);
    const { logger, signal } = this;
    if (process.geteuid?.() !== 0) throw new CliError('CLI_NOT_ROOT', 'This slapos command must be run as root.');
    const file = configPath('node', flags.cfg, process.env);
    const settings: NodeSettings = {
      masterUrl: flags['master-url'],
      interfaceName: flags['interface-name'],
      partitionNumber: flags['partition-number'],
      ipv4LocalNetwork: flags['ipv4-local-network'],
      softwareRoot: flags['software-root'],
      instanceRoot: flags['instance-root'],
      createTap: flags['create-tap'],
    };
    if (flags['ipv6-interface'] !== undefined) logger.warn('--ipv6-interface has no effect; use --interface-name.');
    const master = new WebMaster(flags, logger, signal);
    if (flags['dry-run']) {
      logger.info(`Would register ${args.node_name} at ${flags['master-url-web']}; it is not contacted.`);
      this.log(await describeNodeConfiguration(file, settings));
      return EXIT_CODES.OK;
    }
    const wantsLogin = flags['login-auth'] || flags.login !== undefined;
    const credentials = wantsLogin
      ? await readLogin(flags, master, logger, signal)
      : { token: await readToken(flags, { question: 'Computer security token: ', logger, signal }) };
    if (flags['register-only-check']) {
      await master.checkReachable();
      for (const line of await checkNodeFolder(file)) logger.info(line);
      logger.info(
        'login' in credentials
          ? `${flags['master-url-web']} answers, and takes the login. Nothing was registered or written.`
          : `${flags['master-url-web']} answers. The token was not sent: it is good for one registration. Nothing was registered or written.`,
      );
      return EXIT_CODES.OK;
    }
    const issued = await master.requestComputer(args.node_name, credentials);
    const computerId = await writeNodeConfiguration(file, issued, settings, logger);
    logger.info(`Node has successfully been configured as ${computerId}.`);
    logger.info('Now please invoke slapos node boot on your site.');
    return EXIT_CODES.OK;
  }
}
