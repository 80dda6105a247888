import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Args, Flags } from '@oclif/core';
import { importProxyDatabase, shownDatabaseUri } from '@slapos/proxy';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { contentText } from '../../mini-master/content-text.js';
import { databaseFlag, databasePlace } from '../../mini-master/database.js';

const STANDARD_STREAM = '-';

/** `slapos proxy import` (spec: ux-ideas §20). */
export default class ProxyImport extends SlaposCommand {
  static override summary = 'fill the mini-master with what was exported';
  static override description =
    'Puts what slapos proxy export wrote into the database of a mini-master, whether it runs or not: all of it or, when something is wrong, nothing. The database may be another file, or in PostgreSQL. One that is not empty is refused, unless --replace is given.';
  static override examples = [
    'slapos proxy import master.yaml',
    'slapos proxy import master.yaml --database-uri postgresql:///slapos',
  ];
  static override args = {
    file: Args.string({ description: 'the file; - is standard input', required: true }),
  };
  static override flags = {
    cfg: configFlag,
    'database-uri': databaseFlag,
    replace: Flags.boolean({ description: 'replace what the database holds; all of that is lost' }),
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ProxyImport);
    const config = await this.loadConfig('node', flags.cfg);
    const { databaseUri, computerId } = databasePlace(config, flags['database-uri']);
    if (!computerId) {
      throw new CliError('CLI_CONFIGURATION', 'computer_id is required.', {
        hint: `Set computer_id in [slapos] of ${config.file}.`,
      });
    }
    const document = await this.#read(args.file);
    const { replace } = flags;
    const imported = await importProxyDatabase(document, { databaseUri, computerId, replace, logger: this.logger });
    this.logger.info(`${shownDatabaseUri(databaseUri)} now holds ${contentText(imported)}.`);
    return EXIT_CODES.OK;
  }

  async #read(file: string): Promise<unknown> {
    const yaml = await import('../../output/yaml.js');
    try {
      const content = file === STANDARD_STREAM ? await text(process.stdin) : await readFile(file, 'utf8');
      return yaml.parse(content, { maxAliasCount: 0 }) as unknown;
    } catch (error) {
      throw new CliError(
        'CLI_INPUT',
        `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
          hint: 'Take a file that slapos proxy export wrote. Nothing was changed.',
        },
      );
    }
  }
}
