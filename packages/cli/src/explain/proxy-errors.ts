import type { ProxyErrorCode } from '@slapos/proxy';
import type { ExplanationsOf } from './explanation.js';

export const proxyErrors: ExplanationsOf<ProxyErrorCode> = {
  PROXY_BUSY: {
    meaning: 'So many large requests were being read that another one would have taken too much memory.',
    remedy: 'Clients send it again a little later. Programs that make a mini-master can raise limits.maxBufferedBytes.',
  },
  PROXY_CACHE_NOT_CONFIGURED: {
    meaning: 'A client asked the mini-master for its shared cache (shacache, shadir), and it has none.',
    remedy:
      'Set shacache_content_directory and shacache_metadata_directory in [slapproxy], or point the client to another cache.',
  },
  PROXY_CLOSED: {
    meaning: 'A request came while the mini-master was ending.',
    remedy: 'Ask again when it runs.',
  },
  PROXY_CONFLICT: {
    meaning: 'The request contradicts what the mini-master keeps, such as a second owner of one name.',
    remedy: 'The message names both sides. Use another reference, or destroy the first.',
    run: ['slapos proxy show'],
  },
  PROXY_DATABASE_FAILED: {
    meaning: 'The database could not be read or written: a full disk, a lock of another program, a damaged file.',
    remedy: 'Check the disk, and that one mini-master alone uses the file. Clients may simply repeat their requests.',
    run: ['df -h', 'sqlite3 FILE "PRAGMA integrity_check"'],
  },
  PROXY_DATABASE_NOT_MIGRATED: {
    meaning: 'The database is of an older version, and was opened by something that only reads.',
    remedy: 'Start the mini-master once: it brings the database up to date, and keeps a copy.',
    run: ['slapos proxy start'],
  },
  PROXY_DATABASE_TOO_NEW: {
    meaning: 'The database was written by a newer version.',
    remedy: 'Update this package, or use another file.',
  },
  PROXY_DATABASE_UNREADABLE: {
    meaning: 'The file of --database-uri is no database of a mini-master, or may not be read.',
    remedy: 'Check the path and its owner.',
  },
  PROXY_FORBIDDEN: {
    meaning: 'The mini-master refuses a request that would reach what is not meant for its sender.',
    remedy: 'The message says which. Everything local is allowed; other origins and hosts are not.',
  },
  PROXY_FORWARDING_LOOP: {
    meaning: 'A request was sent on from master to master until it came back.',
    remedy: 'Remove one of the [multimaster/URL] sections that name each other.',
  },
  PROXY_INVALID_OPTIONS: {
    meaning: 'The mini-master cannot start with these options.',
    remedy: 'The message names the option and what was expected.',
    run: ['slapos config check'],
  },
  PROXY_INVALID_REQUEST: {
    meaning: 'A request lacks a field, or has one that cannot be.',
    remedy: 'The answer names the field and what was expected.',
  },
  PROXY_LISTEN_FAILED: {
    meaning: "The mini-master cannot listen on its address: the port is taken, or the address is not this machine's.",
    remedy: 'Choose another port, or end who has it.',
    run: ['ss -ltnp', 'slapos proxy start --port 5001'],
  },
  PROXY_MASTER_NOT_CONFIGURED: {
    meaning: 'A request names another master (master_url) that the mini-master has no [multimaster/URL] section for.',
    remedy: 'Add the section, with exactly that URL.',
  },
  PROXY_NO_FREE_PARTITION: {
    meaning: 'All partitions of the computer are in use.',
    remedy: 'Destroy an instance, or raise partition_amount and format again.',
    run: ['slapos proxy show --partitions'],
  },
  PROXY_NOT_FOUND: {
    meaning: 'The mini-master does not know the computer, partition or instance.',
    remedy: 'A computer becomes known by being formatted.',
    run: ['slapos proxy show', 'slapos node format --now'],
  },
  PROXY_NOT_READY: {
    meaning: 'The instance is requested, and has no partition or no answer yet.',
    remedy: 'Ask again later.',
  },
  PROXY_STORAGE_FAILED: {
    meaning: 'The S3 storage in which the mini-master keeps its shared cache could not be reached, or refused.',
    remedy:
      'The message says what it answered. Check shacache_s3_endpoint, shacache_s3_bucket and the two keys in [slapproxy].',
  },
  PROXY_TOO_LARGE: {
    meaning: 'A request is larger than the mini-master accepts.',
    remedy: 'Send less; parameters are no place for files.',
  },
  PROXY_UNAUTHORIZED: {
    meaning: 'The mini-master listens on an address that is not for everybody, and cannot tell who calls.',
    remedy:
      'Show a client certificate of this mini-master that is not revoked, or send the token of the user. Its administrator can let everybody in with access = open in [slapproxy].',
    run: ['slapos proxy credentials FOLDER'],
  },
  PROXY_UPSTREAM_FAILED: {
    meaning: 'Another master, to which the request was sent on, could not be reached or failed.',
    remedy: 'Check that master, and key and cert of its [multimaster/URL] section.',
  },
  PROXY_UPSTREAM_TIMEOUT: {
    meaning: 'Another master, to which the request was sent on, did not answer in time.',
    remedy: 'Ask again later; check the network between the two.',
  },
};
