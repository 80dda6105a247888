import Database from 'better-sqlite3';

/** The versions that databases of the Python proxy had before the present one. */
export const OLD_VERSIONS = [10, 11, 12, 13, 14, 15, 16] as const;

/** One of {@link OLD_VERSIONS}. */
export type OldVersion = (typeof OLD_VERSIONS)[number];

/** The computer that databases without computers are about. */
export const COMPUTER = 'COMP-OLD';

const RELEASE = '/srv/old//software/web.cfg';
const EMPTY_XML = "<?xml version='1.0' encoding='utf-8'?>\n<instance/>\n";
const URL_XML =
  "<?xml version='1.0' encoding='utf-8'?>\n<instance>\n  <parameter id=\"url\">http://é/</parameter>\n</instance>\n";
const TIMESTAMP = 1_700_000_000.25;

/** Slave list of `web`, whose child `db` asked for one. */
const slaveList = (reference: string) =>
  `<marshal><list id="i2"><dictionary id="i3"><string>slap_software_type</string><string>default</string><string>slave_reference</string><string>${reference}</string><string>slave_title</string><string>${reference}</string></dictionary></list></marshal>`;

/**
 * Makes a database as a proxy of that version left it: a root `web` in slappart0, its child `db` in slappart1, its grandchild `disk` in
 * slappart2, another root in slappart3, an instance whose requester is gone in slappart4, and a free partition.
 */
export function createOldDatabase(path: string, version: OldVersion): void {
  const database = new Database(path);
  const hasComputers = version >= 11;
  const computerColumn = hasComputers ? `computer_reference VARCHAR(255) DEFAULT '${COMPUTER}',` : '';
  const timestampColumn = version >= 14 ? ', timestamp REAL' : '';
  database.exec(`
    CREATE TABLE software${version} (url VARCHAR(255), ${computerColumn} ${version >= 12 ? "requested_state VARCHAR(255) DEFAULT 'available'," : ''}
      CONSTRAINT uniq PRIMARY KEY (url${hasComputers ? ', computer_reference' : ''}));
    CREATE TABLE computer${version} (${hasComputers ? `reference VARCHAR(255) DEFAULT '${COMPUTER}',` : ''} address VARCHAR(255), netmask VARCHAR(255),
      CONSTRAINT uniq PRIMARY KEY (${hasComputers ? 'reference' : 'address, netmask'}));
    CREATE TABLE partition${version} (reference VARCHAR(255), ${computerColumn} slap_state VARCHAR(255) DEFAULT 'free', software_release VARCHAR(255),
      xml TEXT, connection_xml TEXT, slave_instance_list TEXT, software_type VARCHAR(255), partition_reference VARCHAR(255),
      requested_by VARCHAR(255), requested_state VARCHAR(255) NOT NULL DEFAULT 'started'${timestampColumn},
      CONSTRAINT uniq PRIMARY KEY (reference${hasComputers ? ', computer_reference' : ''}));
    CREATE TABLE slave${version} (reference VARCHAR(255), ${computerColumn} connection_xml TEXT, hosted_by VARCHAR(255), asked_by VARCHAR(255));
    CREATE TABLE partition_network${version} (partition_reference VARCHAR(255), ${computerColumn} reference VARCHAR(255), address VARCHAR(255), netmask VARCHAR(255));
  `);
  database.prepare(`INSERT INTO software${version} (url) VALUES (?)`).run(RELEASE);
  database.prepare(`INSERT INTO computer${version} (address, netmask) VALUES ('10.0.0.1', '255.255.255.255')`).run();
  insertPartitions(database, version);
  database
    .prepare(
      `INSERT INTO slave${version} (reference, connection_xml, hosted_by, asked_by) VALUES ('slappart1_front', ?, 'slappart0', 'slappart1')`,
    )
    .run(URL_XML);
  if (hasComputers) {
    const key = version >= 16 ? ', PRIMARY KEY (partition_reference, master_url)' : '';
    database.exec(
      `CREATE TABLE forwarded_partition_request${version} (partition_reference VARCHAR(255), master_url VARCHAR(255)${key})`,
    );
    for (let copy = 0; copy < (version >= 16 ? 1 : 2); copy += 1) {
      database.exec(`INSERT INTO forwarded_partition_request${version} VALUES ('user_far', 'https://other.example/')`);
    }
  }
  if (version >= 15) {
    database.exec(`CREATE TABLE local_software_release_root${version} (path VARCHAR(255));
      INSERT INTO local_software_release_root${version} VALUES ('/'); INSERT INTO local_software_release_root${version} VALUES (NULL);
      INSERT INTO local_software_release_root${version} VALUES ('/srv/old'); INSERT INTO local_software_release_root${version} VALUES (NULL);`);
  }
  database.close();
}

function insertPartitions(database: Database.Database, version: OldVersion): void {
  const insert = database.prepare(
    `INSERT INTO partition${version} (reference, slap_state, software_release, xml, connection_xml, slave_instance_list, software_type, partition_reference, requested_by, requested_state)
     VALUES (?, 'busy', ?, ?, ?, ?, 'default', ?, ?, ?)`,
  );
  insert.run('slappart0', RELEASE, EMPTY_XML, URL_XML, slaveList('slappart1_front'), 'web', null, 'started');
  insert.run('slappart1', RELEASE, URL_XML, null, null, 'db', 'slappart0', 'stopped');
  insert.run('slappart2', RELEASE, EMPTY_XML, null, null, 'disk', 'slappart1', 'started');
  insert.run('slappart3', RELEASE, EMPTY_XML, null, null, 'other', null, 'destroyed');
  insert.run('slappart4', RELEASE, EMPTY_XML, null, null, 'orphan', 'slappart77', 'started');
  database.exec(`INSERT INTO partition${version} (reference) VALUES ('slappart5')`);
  if (version >= 14) database.exec(`UPDATE partition${version} SET timestamp = ${TIMESTAMP} WHERE slap_state = 'busy'`);
  const network = database.prepare(
    `INSERT INTO partition_network${version} (partition_reference, reference, address, netmask) VALUES (?, ?, ?, ?)`,
  );
  for (let index = 0; index < 6; index += 1)
    network.run(`slappart${index}`, `slaptap${index}`, `10.0.0.${index}`, '255.255.255.255');
}

/** The rows of the shared tables after a migration of such a database. */
export function expectedContent(version: OldVersion): Readonly<Record<string, readonly (readonly unknown[])[]>> {
  const timestamp = version >= 14 ? TIMESTAMP : null;
  const busy = (
    id: number,
    xml: string,
    connection: string | null,
    list: string | null,
    name: string,
    rootName: string,
    state: string,
  ) => [`slappart${id}`, COMPUTER, 'busy', RELEASE, xml, connection, list, 'default', name, rootName, state, timestamp];
  return {
    config17: version >= 15 ? [['local_software_release_root', '/srv/old']] : [],
    software17: [[RELEASE, COMPUTER, 'available']],
    computer17: [[COMPUTER, '10.0.0.1', '255.255.255.255']],
    partition17: [
      busy(0, EMPTY_XML, URL_XML, slaveList('web_front'), 'web', '', 'started'),
      busy(1, URL_XML, null, null, 'db', 'web', 'stopped'),
      busy(2, EMPTY_XML, null, null, 'disk', 'web', 'started'),
      busy(3, EMPTY_XML, null, null, 'other', '', 'destroyed'),
      busy(4, EMPTY_XML, null, null, 'orphan', '', 'started'),
      ['slappart5', COMPUTER, 'free', null, null, null, null, null, null, '', 'started', null],
    ],
    slave17: [['web_front', COMPUTER, URL_XML, 'slappart0', 'web']],
    partition_network17: Array.from({ length: 6 }, (_, id) => [
      `slappart${id}`,
      COMPUTER,
      `slaptap${id}`,
      `10.0.0.${id}`,
      '255.255.255.255',
    ]),
    forwarded_partition_request17: version >= 11 ? [['user_far', 'https://other.example/']] : [],
  };
}

/** The rows of the tables that the Python proxy shares, in their order. */
export function readContent(path: string, tables: readonly string[]): Record<string, unknown[]> {
  const database = new Database(path, { readonly: true });
  try {
    return Object.fromEntries(tables.map((table) => [table, database.prepare(`SELECT * FROM ${table}`).raw().all()]));
  } finally {
    database.close();
  }
}
