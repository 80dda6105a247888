import { generateKeyPairSync } from 'node:crypto';
import { access, mkdir, rename, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PASS_LOCKS } from '../node/node-pass.js';
import { fillTemplate, uncomment } from './fill-template.js';
import { NODE_TEMPLATE, PROXY_TEMPLATE } from './templates.js';
import { exists, makeFolder, PRIVATE_FILE, PRIVATE_FOLDER, writeWhole } from './write-files.js';

const PUBLIC_FILE = 0o644;
const KEY_BITS = 2048;
const DEFAULT_HOME = '/opt/slapos';
/** What the machine is called by its own master. */
export const COMPUTER_ID = 'local_computer';
/** The service that the master is. */
export const MASTER_PROGRAM = 'slapproxy';

/** How a machine with a master of its own is laid out (spec: cli §5.2). */
export interface LocalSettings {
  readonly interfaceName: string;
  readonly partitionNumber: number;
  readonly ipv4LocalNetwork: string;
  readonly listenIp: string;
  readonly listenPort: number;
  readonly instanceRoot: string;
  readonly softwareRoot: string;
  /** Where the program would live, its log and its document of the computer. */
  readonly home: string;
  /** Where the configuration goes. */
  readonly configuration: string;
  readonly withShacache: boolean;
}

/** The files that are written. */
export interface LocalPaths {
  readonly node: string;
  /** The same, until the machine is ready. */
  readonly unfinished: string;
  readonly proxy: string;
  readonly program: string;
  readonly logs: string;
}

/** Where everything of {@link LocalSettings} lies. */
export function localPaths({ configuration, instanceRoot, home }: LocalSettings): LocalPaths {
  return {
    node: path.join(configuration, 'slapos.cfg'),
    unfinished: path.join(configuration, 'slapos.cfg.unfinished'),
    proxy: path.join(configuration, 'slapos-proxy.cfg'),
    program: path.join(instanceRoot, 'etc/supervisord.conf.d/slapproxy.conf'),
    logs: path.join(home, 'log'),
  };
}

/** The address of the master. */
export function localMasterUrl({ listenIp, listenPort }: LocalSettings): string {
  return `http://${listenIp.includes(':') ? `[${listenIp}]` : listenIp}:${listenPort}`;
}

/**
 * Writes the configuration of the node, of its master, and of the service that the master is. That of the node does not have its name yet:
 * it is what says that the machine is configured.
 * @param command how the proxy is started
 */
export async function writeLocalConfiguration(settings: LocalSettings, command: readonly string[]): Promise<void> {
  const paths = localPaths(settings);
  await mkdir(settings.configuration, { recursive: true });
  await mkdir(path.dirname(paths.program), { recursive: true });
  await makeFolder(paths.logs, PRIVATE_FOLDER);
  if (settings.withShacache) await writeSigningKey(shacachePaths(settings).shacache_signing_key_path);
  await writeWhole(paths.proxy, proxyConfiguration(settings), PUBLIC_FILE);
  await writeWhole(paths.program, programConfiguration(settings, command), PUBLIC_FILE);
  await writeWhole(paths.unfinished, nodeConfiguration(settings), PUBLIC_FILE);
}

/** Gives the configuration of the node its name: the machine is configured. */
export async function finishLocalConfiguration(settings: LocalSettings): Promise<void> {
  const { node, unfinished } = localPaths(settings);
  await rename(unfinished, node);
}

function nodeConfiguration(settings: LocalSettings): string {
  const master = localMasterUrl(settings);
  const [cache, directory] = [`${master}/shacache/cache`, `${master}/shacache/dir`];
  const filled = fillTemplate(NODE_TEMPLATE, {
    computer_id: COMPUTER_ID,
    master_url: master,
    interface_name: settings.interfaceName,
    ipv4_local_network: settings.ipv4LocalNetwork,
    partition_amount: String(settings.partitionNumber),
    instance_root: settings.instanceRoot,
    software_root: settings.softwareRoot,
    computer_xml: path.join(settings.home, 'slapos.xml'),
    'slapformat.log_file': path.join(settings.home, 'log/slapos-node-format.log'),
    key_file: undefined,
    cert_file: undefined,
    certificate_repository_path: undefined,
    ...(settings.withShacache
      ? {
          'download-binary-cache-url': cache,
          'download-cache-url': cache,
          'download-binary-dir-url': directory,
          'download-dir-url': directory,
        }
      : {}),
  });
  if (settings.home === DEFAULT_HOME) return filled;
  // Without these keys two nodes of one machine would wait for each other.
  const locks = Object.values(PASS_LOCKS).map(({ key, fallback }) => {
    const file = path.join(settings.home, path.basename(fallback));
    return `${key} = ${file.replaceAll('%', '%%')}\n`;
  });
  return filled.replace('[slapos]\n', () => `[slapos]\n${locks.join('')}`);
}

function shacachePaths({ instanceRoot }: LocalSettings) {
  const folder = path.join(instanceRoot, 'shacache');
  return {
    shacache_content_directory: path.join(folder, 'data'),
    shacache_metadata_directory: path.join(folder, 'dir'),
    shacache_signing_key_path: path.join(folder, 'signing-key.pem'),
  };
}

function proxyConfiguration(settings: LocalSettings): string {
  const filled = fillTemplate(PROXY_TEMPLATE, {
    host: settings.listenIp,
    port: String(settings.listenPort),
    computer_id: COMPUTER_ID,
    instance_root: settings.instanceRoot,
    software_root: settings.softwareRoot,
    database_uri: path.join(settings.home, 'slapproxy.db'),
  });
  if (!settings.withShacache) return filled;
  return uncomment(filled, {
    ...shacachePaths(settings),
    shacache_upstream_cache_url: 'http://shacache.nxdcdn.com',
    shacache_upstream_dir_url: 'http://shadir.nxdcdn.com',
  });
}

async function writeSigningKey(file: string): Promise<void> {
  if (await exists(file)) return;
  await mkdir(path.dirname(file), { recursive: true });
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: KEY_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await writeWhole(file, privateKey, PRIVATE_FILE);
}

/** The master as a service of the node's supervisor. */
function programConfiguration(settings: LocalSettings, command: readonly string[]): string {
  const log = path.join(settings.home, 'log/slapos-proxy.log');
  // supervisord expands %(…)s in every value.
  const values = {
    directory: settings.home,
    command: [...command, 'proxy', 'start', '--cfg', localPaths(settings).proxy].map(quoted).join(' '),
    process_name: MASTER_PROGRAM,
    autostart: 'true',
    autorestart: 'true',
    startsecs: '0',
    startretries: '0',
    exitcodes: '0',
    stopsignal: 'TERM',
    stopwaitsecs: '60',
    user: '0',
    group: '0',
    serverurl: 'AUTO',
    redirect_stderr: 'true',
    stdout_logfile: log,
    stdout_logfile_maxbytes: '100KB',
    stdout_logfile_backups: '1',
    stderr_logfile: log,
    stderr_logfile_maxbytes: '100KB',
    stderr_logfile_backups: '1',
  };
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${value.replaceAll('%', '%%')}`);
  return `[program:${MASTER_PROGRAM}]\n${lines.join('\n')}\n`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The client commands of this user ask the master of this machine, unless they ask another one already (spec: cli §5.2). */
export async function linkClientConfiguration(settings: LocalSettings, home = os.homedir()): Promise<void> {
  const folder = path.join(home, '.slapos');
  await makeFolder(folder, PRIVATE_FOLDER);
  const link = path.join(folder, 'slapos-client.cfg');
  if (!(await exists(link))) await symlink(localPaths(settings).node, link);
}

/** How this program is started again: the one that is installed below the home of SlapOS, else the one that runs. */
export async function ownCommand({ home }: LocalSettings): Promise<string[]> {
  const installed = path.join(home, 'bin/slapos');
  const isInstalled = await access(installed).then(
    () => true,
    () => false,
  );
  return isInstalled ? [installed] : [process.execPath, path.resolve(process.argv[1] ?? 'slapos')];
}
