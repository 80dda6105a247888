import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Args, Flags } from '@oclif/core';
import { createProxy } from '@slapos/proxy';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { databaseFlag, databasePlace } from '../../mini-master/database.js';

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;

/** `slapos proxy credentials`: what a user of a mini-master that is not open needs. */
export default class ProxyCredentials extends SlaposCommand {
  static override summary = 'write the credentials of a user of the mini-master';
  static override description =
    'Writes the certificate of a user with its key, the token, and the certificate of the authority of the mini-master into a folder, and prints the lines for the configuration of a client. Works on the database, whether the mini-master runs or not.';
  static override examples = ['slapos proxy credentials ~/.slapos/master --user alice'];
  static override args = {
    folder: Args.string({ description: 'where they go; made when it is missing', required: true }),
  };
  static override flags = {
    cfg: configFlag,
    'database-uri': databaseFlag,
    user: Flags.string({ description: 'name in the certificate', default: 'user', helpValue: 'NAME' }),
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ProxyCredentials);
    const config = await this.loadConfig('node', flags.cfg);
    const { databaseUri: databasePath, computerId } = databasePlace(config, flags['database-uri']);
    if (!computerId) {
      throw new CliError('CLI_CONFIGURATION', 'computer_id is required.', {
        hint: `Set computer_id in [slapos] of ${config.file}.`,
      });
    }
    await using proxy = await createProxy({ databasePath, computerId, logger: this.logger });
    const { certificate, key } = await proxy.userCertificate(flags.user);
    const folder = path.resolve(args.folder);
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
    const files = {
      'user.crt': certificate,
      'user.key': key,
      'authority.crt': await proxy.authorityCertificate(),
      token: `${await proxy.userToken()}\n`,
    };
    for (const [name, content] of Object.entries(files)) {
      await writeFile(path.join(folder, name), content, { mode: OWNER_ONLY_FILE });
    }
    this.log('[slapos]');
    this.log(`master_ca_file = ${path.join(folder, 'authority.crt')}`);
    this.log('[slapconsole]');
    this.log(`cert_file = ${path.join(folder, 'user.crt')}`);
    this.log(`key_file = ${path.join(folder, 'user.key')}`);
    return EXIT_CODES.OK;
  }
}
