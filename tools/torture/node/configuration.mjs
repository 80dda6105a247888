import { writeFile } from 'node:fs/promises';

import { COMPUTER_ID, partitionId } from './layout.mjs';

/** @import { Layout } from './layout.mjs' */

/**
 * Writes slapos.cfg and the definition of the partitions.
 *
 * @param {Layout} layout
 * @param {{ masterPort: number, proxyPort: number, isRoot: boolean, softwareUser: string, partitionUsers: readonly string[] }} options
 *   `masterPort`: what the node takes for its master; `proxyPort`: the master itself
 */
export async function writeConfiguration(layout, { masterPort, proxyPort, isRoot, softwareUser, partitionUsers }) {
  const lockFile = (/** @type {string} */ name) => `${layout.directory}/${name}.pid`;
  await writeFile(
    layout.configuration,
    `[slapos]
computer_id = ${COMPUTER_ID}
master_url = http://127.0.0.1:${masterPort}/
instance_root = ${layout.instanceRoot}
software_root = ${layout.softwareRoot}
root_check = ${isRoot}
pidfile_software = ${lockFile('software')}
pidfile_instance = ${lockFile('instance')}
pidfile_report = ${lockFile('report')}
buildout = ${layout.buildout}
supervisor = embedded
software_min_free_space = 1K
instance_min_free_space = 1K

[slapformat]
computer_xml = ${layout.directory}/slapos.xml
partition_amount = ${partitionUsers.length}
input_definition_file = ${layout.definition}
alter_user = ${isRoot}
alter_network = False
create_tap = False

[slapproxy]
host = 127.0.0.1
port = ${proxyPort}
database_uri = ${layout.database}
`,
  );
  const partitions = partitionUsers.map(
    (user, index) => `
[partition_${index}]
address = 127.0.0.1/255.255.255.255
user = ${user}
network_interface =
pathname = ${partitionId(index)}
`,
  );
  await writeFile(layout.definition, `[computer]\nsoftware_user = ${softwareUser}\n${partitions.join('')}`);
}
