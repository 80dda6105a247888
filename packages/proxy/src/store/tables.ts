import type { EventKind, ReportKind } from './records.js';

/**
 * The tables of schema 17 as kysely sees them (spec: proxy §3.1). The first seven are those of the Python proxy; the others are ours, and end in the
 * same number because the Python proxy reads the version of a database from the ends of all table names.
 */
export interface ProxyTables {
  config17: { name: string; value: string | null };
  software17: { url: string; computer_reference: string; requested_state: string };
  computer17: { reference: string; address: string | null; netmask: string | null };
  partition17: {
    rowid: number;
    reference: string;
    computer_reference: string;
    slap_state: string;
    software_release: string | null;
    xml: string | null;
    connection_xml: string | null;
    slave_instance_list: string | null;
    software_type: string | null;
    partition_reference: string | null;
    requested_by: string;
    requested_state: string;
    timestamp: number | null;
  };
  slave17: {
    rowid: number;
    reference: string;
    computer_reference: string;
    connection_xml: string | null;
    hosted_by: string | null;
    asked_by: string | null;
  };
  partition_network17: {
    rowid: number;
    partition_reference: string;
    computer_reference: string;
    reference: string;
    address: string;
    netmask: string | null;
  };
  forwarded_partition_request17: { partition_reference: string; master_url: string };
  node_report17: {
    id: number;
    computer_reference: string;
    partition_reference: string;
    url: string;
    slave_reference: string;
    kind: ReportKind;
    message: string;
    reported_at: number;
  };
  usage_report17: { id: number; computer_reference: string; document: string; reported_at: number };
  own_wish17: { computer_reference: string; partition_reference: string; requested_state: string };
  related_instance17: { computer_reference: string; partition_reference: string; reference_list: string };
  certificate17: {
    serial: string;
    computer_reference: string;
    partition_reference: string;
    certificate: string;
    key: string;
    issued_at: number;
    revoked_at: number | null;
  };
  event17: {
    id: number;
    happened_at: number;
    kind: EventKind;
    computer_reference: string;
    partition_reference: string;
    instance: string;
    root: string;
    url: string;
    state: string;
    message: string;
  };
  setting17: { name: string; value: string };
}

/** The version that this package writes. */
export const SCHEMA_VERSION = 17;

/** The tables that a Python proxy of this version makes, reads and writes. */
export const SHARED_TABLES = [
  'config17',
  'software17',
  'computer17',
  'partition17',
  'slave17',
  'partition_network17',
  'forwarded_partition_request17',
] as const satisfies readonly (keyof ProxyTables)[];

/** The tables that only we have. */
export const OWN_TABLES = [
  'node_report17',
  'usage_report17',
  'own_wish17',
  'related_instance17',
  'certificate17',
  'setting17',
  'event17',
] as const satisfies readonly (keyof ProxyTables)[];
