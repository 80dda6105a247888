import type { Database } from 'better-sqlite3';

/**
 * Makes the seven tables that we share with the Python proxy (spec: proxy §3.1), in its own words: it must find its file as it would have
 * made it. `computerId` becomes the default of the columns that name a computer.
 */
export function createSharedTables(database: Database, computerId: string): void {
  const computer = `'${computerId.replaceAll("'", "''")}'`;
  database.exec(`
    CREATE TABLE IF NOT EXISTS config17 (
      name TEXT PRIMARY KEY,
      value TEXT
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS software17 (
      url VARCHAR(255),
      computer_reference VARCHAR(255) DEFAULT ${computer},
      requested_state VARCHAR(255) DEFAULT 'available',
      PRIMARY KEY (url, computer_reference)
    );
    CREATE TABLE IF NOT EXISTS computer17 (
      reference VARCHAR(255) DEFAULT ${computer},
      address VARCHAR(255),
      netmask VARCHAR(255),
      PRIMARY KEY (reference)
    );
    CREATE TABLE IF NOT EXISTS partition17 (
      reference VARCHAR(255),
      computer_reference VARCHAR(255) DEFAULT ${computer},
      slap_state VARCHAR(255) DEFAULT 'free',
      software_release VARCHAR(255),
      xml TEXT,
      connection_xml TEXT,
      slave_instance_list TEXT,
      software_type VARCHAR(255),
      partition_reference VARCHAR(255),
      requested_by VARCHAR(255) NOT NULL DEFAULT '',
      requested_state VARCHAR(255) NOT NULL DEFAULT 'started',
      timestamp REAL,
      PRIMARY KEY (reference, computer_reference)
    );
    CREATE TABLE IF NOT EXISTS slave17 (
      reference VARCHAR(255),
      computer_reference VARCHAR(255) DEFAULT ${computer},
      connection_xml TEXT,
      hosted_by VARCHAR(255),
      asked_by VARCHAR(255)
    );
    CREATE TABLE IF NOT EXISTS partition_network17 (
      partition_reference VARCHAR(255),
      computer_reference VARCHAR(255) DEFAULT ${computer},
      reference VARCHAR(255),
      address VARCHAR(255),
      netmask VARCHAR(255)
    );
    CREATE TABLE IF NOT EXISTS forwarded_partition_request17 (
      partition_reference VARCHAR(255),
      master_url VARCHAR(255),
      PRIMARY KEY (partition_reference, master_url)
    );
  `);
}

/** Makes our own tables, and the indexes that our queries need. A Python proxy does not mind either. */
export function createOwnTables(database: Database): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS node_report17 (
      id INTEGER PRIMARY KEY,
      computer_reference TEXT NOT NULL,
      partition_reference TEXT NOT NULL,
      url TEXT NOT NULL,
      slave_reference TEXT NOT NULL,
      kind TEXT NOT NULL,
      message TEXT NOT NULL,
      reported_at REAL NOT NULL
    );
    CREATE TABLE IF NOT EXISTS usage_report17 (
      id INTEGER PRIMARY KEY,
      computer_reference TEXT NOT NULL,
      document TEXT NOT NULL,
      reported_at REAL NOT NULL
    );
    CREATE TABLE IF NOT EXISTS own_wish17 (
      computer_reference TEXT NOT NULL,
      partition_reference TEXT NOT NULL,
      requested_state TEXT NOT NULL,
      PRIMARY KEY (computer_reference, partition_reference)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS related_instance17 (
      computer_reference TEXT NOT NULL,
      partition_reference TEXT NOT NULL,
      reference_list TEXT NOT NULL,
      PRIMARY KEY (computer_reference, partition_reference)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS certificate17 (
      serial TEXT PRIMARY KEY,
      computer_reference TEXT NOT NULL,
      partition_reference TEXT NOT NULL,
      certificate TEXT NOT NULL,
      key TEXT NOT NULL,
      issued_at REAL NOT NULL,
      revoked_at REAL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS setting17 (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS event17 (
      id INTEGER PRIMARY KEY,
      happened_at REAL NOT NULL,
      kind TEXT NOT NULL,
      computer_reference TEXT NOT NULL,
      partition_reference TEXT NOT NULL,
      instance TEXT NOT NULL,
      root TEXT NOT NULL,
      url TEXT NOT NULL,
      state TEXT NOT NULL,
      message TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS partition17_computer ON partition17 (computer_reference);
    CREATE INDEX IF NOT EXISTS partition17_free ON partition17 (computer_reference) WHERE slap_state = 'free';
    CREATE INDEX IF NOT EXISTS partition17_tree ON partition17 (requested_by) WHERE slap_state = 'busy';
    CREATE INDEX IF NOT EXISTS partition17_host ON partition17 (computer_reference, software_release) WHERE software_release IS NOT NULL;
    CREATE INDEX IF NOT EXISTS partition_network17_partition ON partition_network17 (computer_reference, partition_reference);
    CREATE INDEX IF NOT EXISTS slave17_reference ON slave17 (reference);
    CREATE INDEX IF NOT EXISTS slave17_asked_by ON slave17 (asked_by);
    CREATE INDEX IF NOT EXISTS slave17_host ON slave17 (computer_reference, hosted_by);
    CREATE INDEX IF NOT EXISTS node_report17_subject ON node_report17 (computer_reference, partition_reference, url);
    CREATE INDEX IF NOT EXISTS usage_report17_computer ON usage_report17 (computer_reference);
    CREATE UNIQUE INDEX IF NOT EXISTS certificate17_valid ON certificate17 (computer_reference, partition_reference) WHERE revoked_at IS NULL;
  `);
}

/**
 * Makes the constraint that a tree has one instance of a name.
 * Returns false when the database breaks it already (renaming in a Python proxy does not look): then the names are merely indexed.
 */
export function createNameConstraint(database: Database): boolean {
  try {
    database.exec(
      `CREATE UNIQUE INDEX IF NOT EXISTS partition17_name ON partition17 (partition_reference, requested_by) WHERE slap_state = 'busy'`,
    );
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_CONSTRAINT_UNIQUE')) throw error;
    database.exec(
      `CREATE INDEX IF NOT EXISTS partition17_name_shared ON partition17 (partition_reference, requested_by) WHERE slap_state = 'busy'`,
    );
    return false;
  }
}
