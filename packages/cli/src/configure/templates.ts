import { TRUSTED_SIGNATURE_CERTIFICATES } from './trusted-certificates.js';

const LIST_INDENT = '  ';
const LAB_HOSTS = ['lab.nexedi.cn', 'lab.nexedi.com', 'lab.nxdcdn.com'];
const LAB_FORMS = ['nexedi/slapos/-/raw/', 'nexedi/slapos/raw/'];
const PRODUCTS: readonly (readonly [name: string, directory: string])[] = [
  ['erp5', 'erp5'],
  ['kvm', 'kvm'],
  ['slaprunner', 'slaprunner'],
  ['frontend', 'apache-frontend'],
  ['monitor', 'monitor'],
  ['cloudooo', 'cloudooo'],
  ['wendelin', 'wendelin'],
];

/** Releases under development, whose builds must not be taken from the cache nor put there. */
const BLACKLIST = [
  ...LAB_HOSTS.flatMap((host) =>
    LAB_FORMS.flatMap((form) => ['master', '1.0/', 'erp5'].map((version) => `https://${host}/${form}${version}`)),
  ),
  'http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD',
  'http://git.erp5.org/gitweb/slapos.git/blob_plain/refs/heads',
  '/',
];
const FORCED = LAB_HOSTS.flatMap((host) => LAB_FORMS.map((form) => `https://${host}/${form}1.0.`));

/** `slapos.cfg` of a node, before its values are filled in (spec: config §5). */
export const NODE_TEMPLATE = `[slapos]
computer_id = COMP-123456789
master_url = https://slap.vifib.com/
key_file = /etc/opt/slapos/ssl/computer.key
cert_file = /etc/opt/slapos/ssl/computer.crt
certificate_repository_path = /etc/opt/slapos/ssl/partition_pki
software_root = /opt/slapgrid
instance_root = /srv/slapgrid
# Folders where builds share what they have in common; new parts go to the last one.
# shared_part_list =
#   /opt/slapgrid/read_only_shared
#   /opt/slapgrid/shared

[slapformat]
# The interface that partitions get their addresses on.
interface_name = lo
create_tap = false
partition_amount = 10
computer_xml = /opt/slapos/slapos.xml
log_file = /opt/slapos/log/slapos-node-format.log
partition_base_name = slappart
user_base_name = slapuser
tap_base_name = slaptap
tap_ipv6 = true
ipv4_local_network = 10.0.0.0/16
# How many bits of the node's IPv6 network are left to each partition.
# ipv6_prefixshift = 16

# Call this section firewall to let partitions be closed by firewalld.
[disabled-firewall]
dbus_executable = /opt/slapos/parts/dbus/bin/dbus-daemon --nofork --nopidfile --system --nosyslog
firewall_executable = /opt/slapos/parts/firewalld/sbin/firewalld --nofork --nopid --log-file /opt/slapos/log/firewalld-process.log
firewall_cmd = /opt/slapos/parts/firewalld/bin/firewall-cmd
reload_config_cmd = /opt/slapos/parts/firewalld/bin/firewall-cmd --reload
log_file = /opt/slapos/log/firewalld.log
dbus_log_file = /opt/slapos/log/dbus.log
authorized_sources =

[networkcache]
# Where builds and sources are looked for before they are made and downloaded.
download-binary-cache-url = http://shacache.nxdcdn.com
download-binary-dir-url = http://shadir.nxdcdn.com
download-cache-url = http://shacache.nxdcdn.com
download-dir-url = http://shadir.nxdcdn.com
# To share what this node builds:
# signature-private-key-file = /etc/opt/slapos/shacache/signature.key
# upload-binary-dir-url = https://www.shacache.org/shadir
# upload-binary-cache-url = https://www.shacache.org/shacache
# upload-cache-url = https://www.shacache.org/shacache
# upload-dir-url = https://www.shacache.org/shadir
# shacache-ca-file = /etc/opt/slapos/shacache/ca.cert
# shacache-cert-file = /etc/opt/slapos/shacache/shacache.cert
# shacache-key-file = /etc/opt/slapos/shacache/shacache.key
# shadir-ca-file = /etc/opt/slapos/shacache/ca.cert
# shadir-cert-file = /etc/opt/slapos/shacache/shacache.cert
# shadir-key-file = /etc/opt/slapos/shacache/shacache.key
# Whose builds are trusted:
signature-certificate-list =
${list(TRUSTED_SIGNATURE_CERTIFICATES)}
download-from-binary-cache-url-blacklist =
${list(BLACKLIST)}
upload-to-binary-cache-url-blacklist =
${list(BLACKLIST)}
# Releases that are never built here, only taken from the cache:
# download-from-binary-cache-force-url-list =
${FORCED.map((url) => `#   ${url}`).join('\n')}

[collect]
report_disk_usage = True
disk_snapshot_time_cycle = 86400
disk_snapshot_process_pid_foder = /srv/slapgrid/var/run
disk_snapshot_use_quota = False
`;

/** `slapos-client.cfg`, before its values are filled in (spec: config §5). */
export const CLIENT_TEMPLATE = `[slapos]
master_url = https://slap.vifib.com/

[slapconsole]
cert_file = ~/.slapos/client.crt
key_file = ~/.slapos/client.key
`;

/** `slapos-proxy.cfg`, before its values are filled in (spec: config §5). */
export const PROXY_TEMPLATE = `[slapos]
instance_root = /srv/slapgrid
software_root = /opt/slapgrid
computer_id = local_computer

[slapproxy]
host = 127.0.0.1
port = 5000
database_uri = /opt/slapos/slapproxy.db
# A cache of builds of its own:
# shacache_content_directory = /opt/shacache/data
# shacache_metadata_directory = /opt/shacache/dir
# shacache_signing_key_path = /opt/shacache/signing-key.pem
# shacache_upstream_cache_url = https://shacache.nxdcdn.com
# shacache_upstream_dir_url = https://shadir.nxdcdn.com
# What product.NAME stands for:
software_product_list =
${list(
  PRODUCTS.map(
    ([name, directory]) =>
      `${name} https://lab.node.vifib.com/nexedi/slapos/raw/1.0.48/software/${directory}/software.cfg`,
  ),
)}

# Requests for these releases are handed on to other masters:
# [multimaster/https://slap.vifib.com]
# key = /path/to/key
# cert = /path/to/certificate
# software_release_list =
#   http://something.io/software.cfg
# [multimaster/http://127.0.0.1:6000]
# computer = COMP-12345
# software_release_list =
#   http://something.else.io/software.cfg
`;

function list(entries: readonly string[]): string {
  return entries
    .join('\n')
    .split('\n')
    .map((line) => `${LIST_INDENT}${line}`)
    .join('\n');
}
