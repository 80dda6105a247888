import { Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { configureLocal } from '../../configure/run-local.js';
import { CliError } from '../../errors.js';

const MAX_PORT = 65_535;
const folder = (description: string, fallback: string) =>
  Flags.string({ description, default: fallback, helpValue: 'DIR' });

/** `slapos configure local` (spec: cli §5.2). */
export default class ConfigureLocal extends SlaposCommand {
  static override summary = 'Configure a slapos node, from scratch to ready-to-use, using slapproxy.';
  static override description =
    'Writes the configuration of a node and of a master on this machine, formats the machine, and starts the supervisor, which runs the master.';
  static override examples = ['slapos configure local --partition-number 5'];
  static override flags = {
    cfg: configFlag,
    'interface-name': Flags.string({
      description: 'interface that partitions get their addresses on',
      default: 'lo',
      helpValue: 'NAME',
    }),
    'partition-number': Flags.integer({ description: 'how many partitions', default: 20, min: 1, helpValue: 'N' }),
    'ipv4-local-network': Flags.string({
      description: "network of the partitions' IPv4 addresses",
      default: '10.0.0.0/16',
      helpValue: 'NETWORK',
    }),
    'daemon-listen-ip': Flags.string({ description: 'address of the master', default: '127.0.0.1', helpValue: 'IP' }),
    'daemon-listen-port': Flags.integer({
      description: 'port of the master',
      default: 8080,
      min: 1,
      max: MAX_PORT,
      helpValue: 'PORT',
    }),
    'slapos-instance-root': folder('where instances go', '/srv/slapgrid'),
    'slapos-software-root': folder('where software goes', '/opt/slapgrid'),
    'slapos-buildout-directory': folder('home of SlapOS, of its logs and documents', '/opt/slapos'),
    'slapos-configuration-directory': folder('where the configuration goes', '/etc/opt/slapos'),
    'enable-shacache-proxy': Flags.boolean({ description: 'the master also keeps a cache of builds and downloads' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ConfigureLocal);
    if (process.geteuid?.() !== 0) throw new CliError('CLI_NOT_ROOT', 'This slapos command must be run as root.');
    return configureLocal(
      {
        interfaceName: flags['interface-name'],
        partitionNumber: flags['partition-number'],
        ipv4LocalNetwork: flags['ipv4-local-network'],
        listenIp: flags['daemon-listen-ip'],
        listenPort: flags['daemon-listen-port'],
        instanceRoot: flags['slapos-instance-root'],
        softwareRoot: flags['slapos-software-root'],
        home: flags['slapos-buildout-directory'],
        configuration: flags['slapos-configuration-directory'],
        withShacache: flags['enable-shacache-proxy'],
      },
      {
        format: async (file) =>
          Number(await (await this.program()).runCommand('node:format', ['--cfg', file, '--now'])),
        packageRoot: this.config.root,
        logger: this.logger,
        signal: this.signal,
      },
    );
  }
}
