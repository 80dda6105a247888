import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from '../errors.js';
import { fillTemplate } from './fill-template.js';
import { CLIENT_TEMPLATE } from './templates.js';
import type { IssuedCertificate } from './web-master.js';
import { exists, PRIVATE_FILE, PRIVATE_FOLDER, writeWhole } from './write-files.js';

function filesOf(file: string): { readonly certificate: string; readonly key: string } {
  const folder = path.dirname(path.resolve(file));
  return { certificate: path.join(folder, 'client.crt'), key: path.join(folder, 'client.key') };
}

/**
 * Refuses to write over what is there (spec: cli §5.1).
 * @throws CliError `CLI_INPUT`
 */
export async function refuseExistingClient(file: string): Promise<void> {
  const { certificate, key } = filesOf(file);
  const wanted = [
    [file, 'configuration'],
    [certificate, 'certificate'],
    [key, 'key'],
  ] as const;
  for (const [name, what] of wanted) {
    if (!(await exists(name))) continue;
    throw new CliError('CLI_INPUT', `There is a file in ${name}. Please remove it before creating a new ${what}.`);
  }
}

/** Writes the configuration of a client, its certificate and its key; all of them or none. */
export async function writeClientConfiguration(
  file: string,
  masterUrl: string,
  issued: IssuedCertificate,
): Promise<void> {
  const { certificate, key } = filesOf(file);
  await mkdir(path.dirname(path.resolve(file)), { recursive: true, mode: PRIVATE_FOLDER });
  const written: string[] = [];
  const write = async (name: string, content: string): Promise<void> => {
    await writeWhole(name, content, PRIVATE_FILE);
    written.push(name);
  };
  try {
    await write(key, issued.key);
    await write(certificate, issued.certificate);
    // The configuration comes last: without it nothing is configured.
    const values = { master_url: masterUrl, cert_file: certificate, key_file: key };
    await write(file, fillTemplate(CLIENT_TEMPLATE, values));
  } catch (error) {
    for (const name of written) await rm(name, { force: true });
    throw error;
  }
}
