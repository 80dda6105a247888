import os from 'node:os';
import type { MachineFacts } from './computer.js';

/** Where distributions describe themselves, in the order in which they are looked at (os-release(5)). */
export const OS_RELEASE_FILES = ['/etc/os-release', '/usr/lib/os-release'] as const;

/**
 * The facts that are sent with the state (spec: format §4.8), without the public address.
 * @param osRelease content of os-release, empty when there is none
 * @param slaposVersion version of the `slapos` command
 */
export function machineFacts(osRelease: string, slaposVersion: string): MachineFacts {
  const release = readOsRelease(osRelease);
  return {
    publicIpv4Address: null,
    slaposVersion,
    runtimeVersion: process.versions.node,
    osType: [platformName(), release.get('ID') ?? '', release.get('VERSION_ID') ?? '', release.get('NAME') ?? ''],
  };
}

function platformName(): string {
  const base = `${os.type()}-${os.release()}-${os.machine()}`;
  const glibc = glibcVersion();
  return glibc === undefined ? base : `${base}-with-glibc${glibc}`;
}

function glibcVersion(): string | undefined {
  const report = reportWithoutNetwork();
  if (typeof report !== 'object' || report === null || !('header' in report)) return undefined;
  const { header } = report;
  if (typeof header !== 'object' || header === null || !('glibcVersionRuntime' in header)) return undefined;
  return String(header.glibcVersionRuntime);
}

/** What Node.js tells of itself; it would describe each interface, of which a machine has as many as partitions. */
function reportWithoutNetwork(): unknown {
  const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
  const { excludeNetwork = false } = report;
  report.excludeNetwork = true;
  try {
    return report.getReport();
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

/** `KEY=value` lines, with shell quotes taken away. */
function readOsRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z_]+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S*))\s*$/.exec(line);
    if (match?.[1] === undefined) continue;
    values.set(match[1], match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? match[4] ?? '');
  }
  return values;
}
