import { once } from 'node:events';
import { Flags } from '@oclif/core';
import { keepHeapSmall } from '@slapos/proxy/small-heap';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { checkSection, mergeSections } from '../../config/check-section.js';
import type { ConfigFile } from '../../config/config-file.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { announceReady, readyLine } from '../../mini-master/announce.js';
import { runEphemeral } from '../../mini-master/ephemeral.js';
import { flagsAsKeys } from '../../node/pass-flags.js';

const MULTIMASTER = 'multimaster/';
const SECTIONS: readonly string[] = ['slapproxy', 'slapos'];

/** `slapos proxy start` (spec: cli §6.1). */
export default class ProxyStart extends SlaposCommand {
  static override summary = 'minimalist, stand-alone SlapOS Master';
  static override description =
    'Serves SLAP over an SQLite file, or a PostgreSQL database that several processes may share, until it is told to end. On loopback everybody can do everything; other addresses ask for the credentials that slapos proxy credentials gives, unless access is open.';
  static override examples = [
    'slapos proxy start --cfg slapos.cfg',
    'slapos proxy start --ephemeral --computer local:4',
    'slapos proxy start --ephemeral --computer local:4 --exec npm test',
  ];
  static override flags = {
    cfg: configFlag,
    'database-uri': Flags.string({
      char: 'u',
      description: 'SQLite file, made when it is missing, or postgresql://…',
      helpValue: 'FILE',
    }),
    port: Flags.integer({ description: 'TCP port', helpValue: 'N' }),
    host: Flags.string({ description: 'address to listen on (127.0.0.1)', helpValue: 'ADDRESS' }),
    'local-software-release-root': Flags.string({
      description: 'folder below which local Software Releases lie (/)',
      helpValue: 'DIR',
    }),
    'ready-file': Flags.string({
      description: 'file that is written when it takes calls: a JSON object with its url',
      helpValue: 'FILE',
    }),
    ephemeral: Flags.boolean({
      description: 'in memory, on a free port, without a configuration; gone at the end',
      exclusive: ['cfg', 'database-uri', 'local-software-release-root'],
    }),
    computer: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: 'computer to format in it, with 10 partitions unless said otherwise; repeatable',
      helpValue: 'ID[:PARTITIONS]',
      dependsOn: ['ephemeral'],
    }),
    seed: Flags.string({
      description: 'YAML file of computers, software and instances to start with',
      helpValue: 'FILE',
      dependsOn: ['ephemeral'],
    }),
    record: Flags.string({
      description: 'file that gets a JSON line for each request: time, method, url, status, duration',
      helpValue: 'FILE',
      dependsOn: ['ephemeral'],
    }),
    exec: Flags.boolean({
      description:
        'run the command that follows, with SLAPOS_MASTER_URL and SLAPOS_CLIENT_CONFIGURATION set, and end with its exit code',
      dependsOn: ['ephemeral'],
    }),
  };

  override async run(): Promise<number> {
    // Words behind `--exec` are another program's; before them stands a `--`.
    const exec = this.argv.indexOf('--exec');
    const command = exec === -1 ? [] : this.argv.slice(exec + 2);
    if (exec !== -1) this.argv = this.argv.slice(0, exec + 1);
    const { flags } = await this.parse(ProxyStart);
    if (flags.exec && command.length === 0)
      throw new CliError('CLI_USAGE', 'slapos proxy start: error: argument --exec: expected a command');
    if (flags.ephemeral) {
      const { host, port, computer = [], seed: seedFile, record: recordFile, 'ready-file': readyFile } = flags;
      return runEphemeral(
        { host, port, computers: computer, seedFile, recordFile, readyFile, command },
        { logger: this.logger, signal: this.signal, print: (line) => this.log(line) },
      );
    }
    keepHeapSmall();
    const {
      createProxy,
      keysWithoutEffect,
      listenAddressesFromSection,
      multimasterSectionSchema,
      proxyOptionsFromSections,
      slapproxySectionSchema,
    } = await import('@slapos/proxy');
    const config = await this.loadConfig('node', flags.cfg);
    const sections = sectionsInOrder(config);
    // The section that comes first in the file wins, so it is laid on top.
    const merged = mergeSections(config, [...sections].reverse(), flagsAsKeys({ ...flags, 'ready-file': undefined }));
    if (!(merged.values['database_uri'] ?? merged.values['database-uri'])) {
      throw new CliError('CLI_CONFIGURATION', 'database-uri is required.', {
        hint: `Set database_uri in [slapproxy] of ${config.file}, or give --database-uri FILE.`,
      });
    }
    const section = checkSection(slapproxySectionSchema, merged, config, sections);
    if (section.log_file !== undefined) this.logger.openFile(section.log_file);
    const ignored = keysWithoutEffect(section);
    for (const key of ignored) this.logger.warn(`${config.file}: ${key} has no effect. ${whyWithoutEffect(key)}`);
    const masters = config.sectionNames
      .filter((name) => name.startsWith(MULTIMASTER))
      .map((name) => ({
        url: name.slice(MULTIMASTER.length),
        ...checkSection(multimasterSectionSchema, mergeSections(config, [name]), config, [name]),
      }));

    await using proxy = await createProxy({ ...proxyOptionsFromSections(section, masters), logger: this.logger });
    const urls: string[] = [];
    for (const address of listenAddressesFromSection(section)) {
      const { url } = await proxy.listen(address);
      this.logger.info(` * Running on ${url} (Press CTRL+C to quit)`);
      urls.push(url);
    }
    const [first] = urls;
    if (first !== undefined) {
      const announced = { file: flags['ready-file'], environment: process.env, logger: this.logger };
      await announceReady(readyLine(first), announced);
    }
    if (!this.signal.aborted) await once(this.signal, 'abort');
    return EXIT_CODES.OK;
  }
}

/** In the order of the file; what is missing would stand in one of those that are not there. */
function sectionsInOrder(config: ConfigFile): string[] {
  const present = config.sectionNames.filter((name) => SECTIONS.includes(name));
  return [...present, ...SECTIONS.filter((name) => !present.includes(name))];
}

function whyWithoutEffect(key: string): string {
  return key.startsWith('shacache_')
    ? 'Shacache proxy will not work. It needs both shacache_content_directory and shacache_metadata_directory, or the shacache_s3_… keys of a bucket.'
    : 'The http proxy is on when http_proxy_targets names hosts.';
}
