import { stat } from 'node:fs/promises';
import type { MergedSection } from '../config/check-section.js';
import type { ConfigFile } from '../config/config-file.js';
import { CliError } from '../errors.js';

const ALWAYS = ['computer_id', 'instance_root', 'master_url', 'software_root'];
/** Either of the first two needs all three. */
const WITH_CERTIFICATE = ['key_file', 'cert_file', 'certificate_repository_path'];
const FILES = [
  'key_file',
  'cert_file',
  'master_ca_file',
  'shacache-ca-file',
  'shacache-cert-file',
  'shacache-key-file',
  'shadir-ca-file',
  'shadir-cert-file',
  'shadir-key-file',
  'signature_private_key_file',
  'signature-private-key-file',
];

/**
 * Checks what a pass cannot do without, before it takes its lock or says anything to the master (spec: cli §3.1).
 * @throws CliError `CLI_CONFIGURATION` with the reference's sentences
 */
export async function checkMandatory({ values }: MergedSection, config: ConfigFile): Promise<void> {
  const withCertificate = values['key_file'] !== undefined || values['cert_file'] !== undefined;
  const needed = withCertificate ? [...ALWAYS, ...WITH_CERTIFICATE] : ALWAYS;
  const hint = `Set them in [slapos] of ${config.file}, or give them as options.`;
  const missing = needed.filter((key) => values[key] === undefined).sort();
  if (missing.length > 0)
    throw new CliError('CLI_CONFIGURATION', `Missing mandatory parameters: ${missing.join(', ')}`, { hint });
  const empty = needed.filter((key) => values[key]?.trim() === '').sort();
  if (empty.length > 0)
    throw new CliError('CLI_CONFIGURATION', `Mandatory parameters present but empty: ${empty.join(', ')}`, { hint });
  await checkFiles({ values }, FILES);
  const repository = values['certificate_repository_path'];
  if (repository && !(await exists(repository, true))) {
    throw new CliError('CLI_CONFIGURATION', `Directory '${repository}' does not exist`, {
      hint: 'It is the value of certificate_repository_path; slapos node format makes it.',
    });
  }
}

/** Checks that the files are there that the keys name. @throws CliError `CLI_CONFIGURATION` for the first that is not */
export async function checkFiles({ values }: Pick<MergedSection, 'values'>, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const file = values[key];
    if (file && !(await exists(file))) {
      throw new CliError('CLI_CONFIGURATION', `File '${file}' does not exist.`, { hint: `It is the value of ${key}.` });
    }
  }
}

async function exists(file: string, asFolder = false): Promise<boolean> {
  return stat(file).then(
    (stats) => !asFolder || stats.isDirectory(),
    () => false,
  );
}
