import path from 'node:path';
import { Args } from '@oclif/core';
import { writeFileAtomically } from '@slapos/host';
import { exportProxyDatabase } from '@slapos/proxy';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { contentText } from '../../mini-master/content-text.js';
import { databaseFlag, databasePlace } from '../../mini-master/database.js';

const STANDARD_STREAM = '-';
const OWNER_ONLY = 0o600;

/** `slapos proxy export` (spec: ux-ideas §20). */
export default class ProxyExport extends SlaposCommand {
  static override summary = 'write all that the mini-master keeps into a file';
  static override description =
    'Writes the whole content of the database of a mini-master as YAML, whether it runs or not, for slapos proxy import. The file holds everything: parameters, published passwords, the token of the user, the keys of certificates; only its owner can read it.';
  static override examples = ['slapos proxy export master.yaml', 'slapos proxy export - | gzip > master.yaml.gz'];
  static override args = {
    file: Args.string({ description: 'the file, replaced when it is there; - is standard output', required: true }),
  };
  static override flags = { cfg: configFlag, 'database-uri': databaseFlag };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ProxyExport);
    const { databaseUri } = databasePlace(await this.loadConfig('node', flags.cfg), flags['database-uri']);
    const document = await exportProxyDatabase(databaseUri);
    const yaml = await import('../../output/yaml.js');
    const content = yaml.stringify(document, { lineWidth: 0 });
    if (args.file === STANDARD_STREAM) this.log(content.trimEnd());
    else {
      await writeFileAtomically(path.resolve(args.file), content, { mode: OWNER_ONLY });
      this.logger.info(`Wrote ${args.file}: ${contentText(document)}.`);
    }
    return EXIT_CODES.OK;
  }
}
