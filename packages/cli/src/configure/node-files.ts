import { X509Certificate } from 'node:crypto';
import { access, constants, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';
import { fillTemplate } from './fill-template.js';
import { NODE_TEMPLATE } from './templates.js';
import type { IssuedCertificate } from './web-master.js';
import { exists, freeName, makeFolder, openParents, PASSAGE_FOLDER, PRIVATE_FILE, writeWhole } from './write-files.js';

const PUBLIC_FILE = 0o644;

/** What a node is registered with (spec: cli §3.11). */
export interface NodeSettings {
  readonly masterUrl: string;
  readonly interfaceName: string;
  readonly partitionNumber: number;
  readonly ipv4LocalNetwork: string;
  readonly softwareRoot: string;
  readonly instanceRoot: string;
  readonly createTap: boolean;
}

/** The folder of the configuration and what lies in it. */
interface NodePaths {
  readonly folder: string;
  readonly ssl: string;
  readonly key: string;
  readonly certificate: string;
  readonly partitionPki: string;
}

function pathsOf(file: string): NodePaths {
  const folder = path.dirname(path.resolve(file));
  const ssl = path.join(folder, 'ssl');
  return {
    folder,
    ssl,
    key: path.join(ssl, 'key'),
    certificate: path.join(ssl, 'certificate'),
    partitionPki: path.join(ssl, 'partition_pki'),
  };
}

/** The text of the configuration of a node. */
export function nodeConfiguration(file: string, computerId: string, settings: NodeSettings): string {
  const paths = pathsOf(file);
  return fillTemplate(NODE_TEMPLATE, {
    computer_id: computerId,
    master_url: settings.masterUrl,
    key_file: paths.key,
    cert_file: paths.certificate,
    certificate_repository_path: paths.partitionPki,
    interface_name: settings.interfaceName,
    ipv4_local_network: settings.ipv4LocalNetwork,
    partition_amount: String(settings.partitionNumber),
    create_tap: settings.createTap ? 'True' : 'False',
    software_root: settings.softwareRoot,
    instance_root: settings.instanceRoot,
  });
}

/**
 * The id of the computer that a certificate was issued to: in the text before it, else in its subject (spec: cli §3.11).
 * @throws CliError `CLI_WEB_FAILED`
 */
export function computerIdOf(certificate: string): string {
  const inText = /COMP-[^/\s,]+(?=\/email|[\s,])/.exec(certificate)?.[0];
  if (inText !== undefined) return inText;
  try {
    const inSubject = /^CN=(\S+)/m.exec(new X509Certificate(certificate).subject)?.[1];
    if (inSubject !== undefined) return inSubject;
  } catch (cause) {
    throw new CliError('CLI_WEB_FAILED', 'The master issued something that is no certificate.', { cause });
  }
  throw new CliError('CLI_WEB_FAILED', 'The certificate that the master issued names no computer.');
}

/**
 * Writes the configuration of a registered node, its certificate and its key. What was there before is moved aside as a whole; the
 * configuration is written last, so that a node is configured whole or not at all (spec: cli §3.11).
 */
export async function writeNodeConfiguration(
  file: string,
  { certificate, key }: IssuedCertificate,
  settings: NodeSettings,
  logger: CommandLog,
): Promise<string> {
  const computerId = computerIdOf(certificate);
  const paths = pathsOf(file);
  if (await exists(file)) {
    const old = await freeName(paths.folder);
    logger.info(`Former slapos configuration detected in ${paths.folder} moving to ${old}`);
    await rename(paths.folder, old);
  }
  for (const folder of [paths.folder, paths.ssl, paths.partitionPki]) {
    logger.info(`Creating directory: ${folder}`);
    await makeFolder(folder, PASSAGE_FOLDER);
  }
  await openParents(paths.folder);
  for (const [name, content] of [
    [paths.key, key],
    [paths.certificate, certificate],
  ] as const) {
    logger.info(`Writing to: ${name}`);
    await writeWhole(name, content, PRIVATE_FILE);
  }
  logger.info(`Writing to: ${file}`);
  await writeWhole(file, nodeConfiguration(file, computerId, settings), PUBLIC_FILE);
  logger.info(`SlapOS configuration written to ${file}`);
  return computerId;
}

/**
 * Looks whether {@link writeNodeConfiguration} could write; nothing is changed.
 * @returns what it would do to a configuration that is there
 * @throws CliError `CLI_INPUT` when it could not
 */
export async function checkNodeFolder(file: string): Promise<string[]> {
  const { folder } = pathsOf(file);
  let present = folder;
  while (!(await exists(present)) && present !== path.dirname(present)) present = path.dirname(present);
  // A folder that is there is moved aside, which changes the one above it.
  const changed = present === folder ? [folder, path.dirname(folder)] : [present];
  for (const each of changed) {
    try {
      if (!(await stat(each)).isDirectory()) throw new Error('it is no folder');
      await access(each, constants.W_OK | constants.X_OK);
    } catch (cause) {
      throw new CliError('CLI_INPUT', `The configuration could not be written: ${each} cannot be changed.`, { cause });
    }
  }
  return (await exists(file)) ? [`The configuration in ${folder} would be moved to ${await freeName(folder)}.`] : [];
}

/** What {@link writeNodeConfiguration} would do, for people. Nothing is read but the present configuration, nothing written. */
export async function describeNodeConfiguration(file: string, settings: NodeSettings): Promise<string> {
  const paths = pathsOf(file);
  const present = await readFile(file, 'utf8').catch(() => undefined);
  const content = nodeConfiguration(file, 'COMP-(given by the master)', settings);
  return [
    ...(present === undefined ? [] : [`would move ${paths.folder} to ${await freeName(paths.folder)}`]),
    ...[paths.folder, paths.ssl, paths.partitionPki].map((folder) => `would make ${folder} (mode 0711)`),
    ...[paths.key, paths.certificate].map((name) => `would write ${name} (mode 0600)`),
    `would write ${file}:`,
    ...changedLines(present?.split('\n') ?? [], content.trimEnd().split('\n')),
  ].join('\n');
}

/** Lines that go with `-`, that come with `+`, that stay with a blank, in the order of a longest common subsequence. */
function changedLines(before: readonly string[], after: readonly string[]): string[] {
  const common = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const at = (row: number, column: number): number => common[row]?.[column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      const length =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
      const line = common[row];
      if (line !== undefined) line[column] = length;
    }
  }
  const lines: string[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const [old, fresh] = [before[row], after[column]];
    if (old !== undefined && old === fresh) {
      lines.push(`  ${old}`);
      row += 1;
      column += 1;
    } else if (old !== undefined && (fresh === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(`- ${old}`);
      row += 1;
    } else {
      lines.push(`+ ${fresh ?? ''}`);
      column += 1;
    }
  }
  return lines;
}
