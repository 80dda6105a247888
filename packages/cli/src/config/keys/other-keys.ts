import type { SectionFacts } from './key-facts.js';

/** Keys of `[networkcache]` (spec: config §3.3). */
export const NETWORKCACHE_KEYS: SectionFacts = {
  'download-binary-cache-url': { meaning: 'content of built releases' },
  'download-binary-dir-url': { meaning: 'index of built releases' },
  'download-cache-url': { meaning: 'content of sources, for cachelookup' },
  'download-dir-url': { meaning: 'index of sources, for cachelookup' },
  'upload-binary-cache-url': { meaning: 'where built releases are sent' },
  'upload-binary-dir-url': { meaning: 'where their index is sent' },
  'upload-cache-url': { meaning: 'handed to buildout' },
  'upload-dir-url': { meaning: 'handed to buildout' },
  'signature-private-key-file': { meaning: 'key that signs what is sent' },
  'signature-certificate-list': { meaning: 'certificates (PEM) of those whose signatures are trusted' },
  'shacache-ca-file': { meaning: 'authority of the content server' },
  'shacache-cert-file': { meaning: 'our certificate for the content server' },
  'shacache-key-file': { meaning: 'its key' },
  'shadir-ca-file': { meaning: 'authority of the index server' },
  'shadir-cert-file': { meaning: 'our certificate for the index server' },
  'shadir-key-file': { meaning: 'its key' },
  'download-from-binary-cache-url-blacklist': { meaning: 'beginnings of URLs that are always built' },
  'binary-cache-url-blacklist': { meaning: 'older name of the former' },
  'upload-to-binary-cache-url-blacklist': { meaning: 'beginnings of URLs that are not sent' },
  'download-from-binary-cache-force-url-list': { meaning: 'beginnings of URLs that must come from the cache' },
};

/** Keys of `[slapconsole]` (spec: config §3.4). */
export const SLAPCONSOLE_KEYS: SectionFacts = {
  cert_file: { meaning: "the person's certificate" },
  key_file: { meaning: 'its key' },
  master_url: { meaning: 'wins over [slapos] master_url' },
  master_rest_url: { meaning: 'wins over [slapos] master_rest_url' },
};

/** Keys of `[slapproxy]`, with underscores; dashes are read as well (spec: config §3.5). */
export const SLAPPROXY_KEYS: SectionFacts = {
  host: { meaning: 'address to listen on', default: '127.0.0.1' },
  port: { meaning: 'TCP port' },
  database_uri: { meaning: 'SQLite file, or postgresql://USER@HOST/DATABASE' },
  computer_id: { meaning: 'the computer of the node; normally in [slapos]' },
  local_software_release_root: { meaning: 'folder below which local releases lie', default: '/' },
  log_file: { meaning: 'log of proxy start, beside the console' },
  software_product_list: { meaning: 'lines NAME URL: what product.NAME stands for' },
  trust_forwarded_headers: { meaning: 'believe a reverse proxy in front', default: 'false' },
  allowed_hosts: { meaning: 'host names that browsers may use, one a line' },
  access: { meaning: 'open, restricted, or auto: open on loopback alone', default: 'auto' },
  tls: { meaning: 'serve TLS, with a certificate of its own authority', default: 'false' },
  tls_names: { meaning: 'names and addresses in that certificate, one a line' },
  socket_path: { meaning: 'Unix socket that is served as well' },
  http_proxy_targets: { meaning: 'hosts that the http proxy may ask, one a line; none: it is off' },
  http_proxy_private_networks: { meaning: 'private networks that it may reach, one a line' },
  panel: { meaning: 'true or false (default true): serve the panel, a web page, at /panel/' },
  public_directory_path: { meaning: 'folder whose files everybody may download, at /panel/public/' },
  shacache_content_directory: { meaning: 'content of the cache that is served' },
  shacache_metadata_directory: { meaning: 'index of the cache that is served' },
  shacache_signing_key_path: {
    meaning: 'key that signs its entries',
    unused: 'no version signs: entries keep the signature of who uploads them (signature-private-key-file)',
  },
  shacache_upstream_cache_url: { meaning: 'content server behind it' },
  shacache_upstream_dir_url: { meaning: 'index server behind it' },
  shacache_max_size: { meaning: 'how large the contents together may become, such as 500M', default: '100G' },
  shacache_s3_endpoint: { meaning: 'storage that speaks S3, in place of the two folders' },
  shacache_s3_bucket: { meaning: 'its bucket' },
  shacache_s3_region: { meaning: 'its region', default: 'us-east-1' },
  shacache_s3_prefix: { meaning: 'folder in the bucket, with a slash at its end' },
  shacache_s3_access_key_id: { meaning: 'who we are there' },
  shacache_s3_secret_access_key: { meaning: 'the secret that belongs to it' },
};

/** Keys of `[multimaster/URL]` (spec: config §3.6). */
export const MULTIMASTER_KEYS: SectionFacts = {
  key: { meaning: 'key of the certificate for that master' },
  cert: { meaning: 'certificate for that master' },
  ca: { meaning: "who signed that master's certificate" },
  software_release_list: { meaning: 'URLs that are always requested there, one a line' },
  computer: { meaning: 'request as a partition of this computer' },
  partition: { meaning: 'request as this partition' },
};

/** Keys of `[firewall]` (spec: config §3.7). */
export const FIREWALL_KEYS: SectionFacts = {
  firewall_cmd: { meaning: 'command that changes rules', default: 'firewall-cmd' },
  firewall_executable: { meaning: 'firewalld that the supervisor keeps running' },
  dbus_executable: { meaning: 'D-Bus that the supervisor keeps running' },
  reload_config_cmd: { meaning: 'command that makes rules effective', default: 'slapos node restart firewall' },
  authorized_sources: { meaning: 'addresses that may reach every partition, one a line' },
  firewall_ipv6: { meaning: 'guard IPv6 addresses as well', default: 'false' },
  log_file: { meaning: 'log of firewalld', default: '/var/log/firewall.log' },
  dbus_log_file: { meaning: 'log of D-Bus', default: '/var/log/dbus.log' },
  testing: { meaning: 'rules only: neither firewalld nor D-Bus is run', default: 'false' },
};

/** Keys of `[collect]` (spec: config §3.8). */
export const COLLECT_KEYS: SectionFacts = {
  report_disk_usage: { meaning: 'measure folders of partitions', default: 'true' },
  disk_snapshot_time_cycle: { meaning: 'seconds between two measurements of a folder', default: '86400' },
  disk_snapshot_process_pid_foder: { meaning: 'folder of the locks of measurements' },
  disk_snapshot_process_pid_folder: { meaning: 'the same, spelt as it is meant' },
  disk_snapshot_use_quota: { meaning: 'ask the quota instead of walking folders', default: 'false' },
  enable: { meaning: 'measure folders', unused: 'older versions do not read it: write report_disk_usage' },
  time_cycle: {
    meaning: 'seconds between two',
    unused: 'older versions do not read it: write disk_snapshot_time_cycle',
  },
  pid_folder: {
    meaning: 'folder of locks',
    unused: 'older versions do not read it: write disk_snapshot_process_pid_folder',
  },
  use_quota: { meaning: 'ask the quota', unused: 'older versions do not read it: write disk_snapshot_use_quota' },
};

/** Keys of `[daemon]`: how often `slapos node run` does what. */
export const DAEMON_KEYS: SectionFacts = {
  software_period: {
    meaning: 'time between two software passes of node run, such as 60s, 5m or never',
    default: '60s',
  },
  instance_period: { meaning: 'time between two instance passes of node run', default: '60s' },
  report_period: { meaning: 'time between two report passes of node run', default: '1h' },
  format_period: { meaning: 'time between two runs of format by node run', default: '1d' },
  collect_period: { meaning: 'time between two snapshots by node run', default: '60s' },
  listen: { meaning: 'where node run tells its health: unix:/PATH, 127.0.0.1:PORT or [::1]:PORT' },
};
