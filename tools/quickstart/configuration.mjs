// The files that the quickstart's commands read.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const COMPUTER_ID = 'local_computer';
export const INSTANCE_NAME = 'my-hello';
const PARTITION_AMOUNT = 3;
const FOLDER_MODE = 0o755;

/** @param {string} directory */
export function pathsIn(directory) {
  return {
    nodeConfiguration: join(directory, 'slapos.cfg'),
    clientConfiguration: join(directory, 'slapos-client.cfg'),
    definition: join(directory, 'partitions.cfg'),
    marker: join(directory, 'quickstart.json'),
    releases: join(directory, 'releases'),
    logs: join(directory, 'log'),
    proxyLog: join(directory, 'log/proxy.log'),
    instanceRoot: join(directory, 'inst'),
    softwareRoot: join(directory, 'soft'),
    supervisorPid: join(directory, 'inst/var/run/supervisord.pid'),
    supervisorSocket: join(directory, 'inst/sv.sock'),
  };
}

/**
 * What the quickstart remembers between two runs; its presence marks a folder as the quickstart's own, which `stop` may remove.
 * @typedef {{ port: number, proxyPid: number | undefined }} Marker
 */

/**
 * @param {string} directory
 * @returns {Promise<Marker | undefined>}
 */
export async function readMarker(directory) {
  try {
    /** @type {unknown} */
    const marker = JSON.parse(await readFile(pathsIn(directory).marker, 'utf8'));
    if (typeof marker !== 'object' || marker === null || !('port' in marker) || typeof marker.port !== 'number')
      return undefined;
    return {
      port: marker.port,
      proxyPid: 'proxyPid' in marker && typeof marker.proxyPid === 'number' ? marker.proxyPid : undefined,
    };
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return undefined;
    throw error;
  }
}

/**
 * @param {string} directory
 * @param {Marker} marker
 */
export async function writeMarker(directory, marker) {
  await writeFile(pathsIn(directory).marker, `${JSON.stringify(marker)}\n`);
}

/**
 * Writes slapos.cfg, slapos-client.cfg and the definition of three partitions.
 * @param {import('./directory.mjs').Place} place
 * @param {number} port the mini-master's
 */
export async function writeConfiguration({ directory, owner, isRoot }, port) {
  const paths = pathsIn(directory);
  for (const folder of [directory, paths.logs]) await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  // `%` begins an interpolation in these files.
  const at = (/** @type {string} */ path) => path.replaceAll('%', '%%');
  const master = `http://127.0.0.1:${port}/`;
  await writeFile(
    paths.nodeConfiguration,
    `# The node, its partitions, and the mini-master that it asks. Written by \`npm run quickstart\`.
[slapos]
computer_id = ${COMPUTER_ID}
master_url = ${master}
instance_root = ${at(paths.instanceRoot)}
software_root = ${at(paths.softwareRoot)}
# Without root the node runs everything as the user who started it.
root_check = ${isRoot}
pidfile_software = ${at(join(directory, 'slapgrid-sr.pid'))}
pidfile_instance = ${at(join(directory, 'slapgrid-cp.pid'))}
pidfile_report = ${at(join(directory, 'slapgrid-ur.pid'))}
# The example is a path of this machine, not a URL.
software_allow_local = true
software_min_free_space = 100M
instance_min_free_space = 50M

[slapformat]
computer_xml = ${at(join(directory, 'slapos.xml'))}
partition_amount = ${PARTITION_AMOUNT}
input_definition_file = ${at(paths.definition)}
# The machine's users and network stay as they are.
alter_user = False
alter_network = False
create_tap = False

[slapproxy]
host = 127.0.0.1
port = ${port}
database_uri = ${at(join(directory, 'proxy.db'))}
`,
  );
  await writeFile(
    paths.clientConfiguration,
    `# For those who request instances. Written by \`npm run quickstart\`.
[slapos]
master_url = ${master}
master_rest_url = ${master}hateoas

[slapconsole]
`,
  );
  const partitions = Array.from(
    { length: PARTITION_AMOUNT },
    (_, index) => `
[partition_${index}]
address = 127.0.0.1/255.255.255.255
user = ${owner}
network_interface =
pathname = slappart${index}
`,
  );
  await writeFile(paths.definition, `[computer]\nsoftware_user = ${owner}\n${partitions.join('')}`);
}
