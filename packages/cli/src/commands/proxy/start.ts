import { once } from 'node:events';
import { Flags } from '@oclif/core';
import { keepHeapSmall } from '@slapos/proxy/small-heap';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { checkSection, mergeSections } from '../../config/check-section.js';
import type { ConfigFile } from '../../config/config-file.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { flagsAsKeys } from '../../node/pass-flags.js';

const MULTIMASTER = 'multimaster/';
const SECTIONS: readonly string[] = ['slapproxy', 'slapos'];

/** `slapos proxy start` (spec: cli §6.1). */
export default class ProxyStart extends SlaposCommand {
  static override summary = 'minimalist, stand-alone SlapOS Master';
  static override description =
    'Serves SLAP over an SQLite file until it is told to end. On loopback everybody can do everything; other addresses ask for the credentials that slapos proxy credentials gives, unless access is open.';
  static override examples = ['slapos proxy start --cfg slapos.cfg'];
  static override flags = {
    cfg: configFlag,
    'database-uri': Flags.string({ char: 'u', description: 'SQLite file, made when it is missing', helpValue: 'FILE' }),
    port: Flags.integer({ description: 'TCP port', helpValue: 'N' }),
    host: Flags.string({ description: 'address to listen on (127.0.0.1)', helpValue: 'ADDRESS' }),
    'local-software-release-root': Flags.string({
      description: 'folder below which local Software Releases lie (/)',
      helpValue: 'DIR',
    }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ProxyStart);
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
    const merged = mergeSections(config, [...sections].reverse(), flagsAsKeys(flags));
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
    for (const address of listenAddressesFromSection(section)) {
      const { url } = await proxy.listen(address);
      this.logger.info(` * Running on ${url} (Press CTRL+C to quit)`);
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
    ? 'Shacache proxy will not work. It needs both shacache_content_directory and shacache_metadata_directory.'
    : 'The http proxy is on when http_proxy_targets names hosts.';
}
