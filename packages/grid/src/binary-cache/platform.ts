import { UntrustedDirectory, type Host } from '@slapos/host';

/** What a binary was built for. */
export interface Platform {
  /** Output of `gcc -dumpmachine`, e.g. `x86_64-linux-gnu`. */
  readonly multiarch: string;
  /** Distribution id, version, codename; empty texts when unknown. */
  readonly os: readonly [id: string, version: string, codename: string];
}

const PROBE_TIMEOUT_MS = 10_000;
const MAX_RELEASE_BYTES = 64 * 1024;
const OS_RELEASE_FILES = [
  ['/etc', 'os-release'],
  ['/usr/lib', 'os-release'],
] as const;

/** What Debian calls the machine when there is no compiler to ask. */
const MULTIARCH_BY_ARCHITECTURE: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  arm: 'arm-linux-gnueabihf',
  ia32: 'i386-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
  s390x: 's390x-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
};

/** What some distributions call themselves, and what the entries of caches call them. */
const OTHER_IDS: Readonly<Record<string, string>> = { ol: 'oracle', 'opensuse-leap': 'opensuse' };
/** `12 (bookworm)`, `14.04.5 LTS, Trusty Tahr`: a name within, or after, what is no number. */
const CODENAME = /\((\D+)\)|,\s*(\D+)/;

function distributionId(name: string): string {
  const id = name.toLowerCase().replaceAll(' ', '_');
  return OTHER_IDS[id] ?? id;
}

/** Reads `KEY=value` lines; values may be quoted as a shell would. (os-release(5)) The codename is found as other nodes find it. */
export function parseOsRelease(text: string): Platform['os'] {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z0-9_]+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S*))\s*$/.exec(line);
    if (match !== null) values.set(match[1] ?? '', (match[2] ?? match[3] ?? match[4] ?? '').replace(/\\(.)/g, '$1'));
  }
  const named = CODENAME.exec(values.get('VERSION') ?? '');
  const codename =
    values.get('VERSION_CODENAME') ?? values.get('UBUNTU_CODENAME') ?? named?.[1] ?? named?.[2]?.trim() ?? '';
  return [distributionId(values.get('ID') ?? ''), values.get('VERSION_ID') ?? '', codename];
}

/** Reads what `lsb_release --all` prints. */
export function parseLsbRelease(text: string): Platform['os'] {
  const value = (name: string): string => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  return [distributionId(value('Distributor ID')), value('Release'), value('Codename')];
}

async function readOsRelease(): Promise<Platform['os'] | undefined> {
  for (const [directory, name] of OS_RELEASE_FILES) {
    await using folder = await UntrustedDirectory.open(directory);
    const type = (await folder.stat(name))?.type;
    if (type !== 'file') continue; // usually a link in /etc; the file itself is in /usr/lib
    return parseOsRelease((await folder.readText(name, { maxBytes: MAX_RELEASE_BYTES })) ?? '');
  }
  return undefined;
}

async function askLsb(host: Pick<Host, 'commands'>): Promise<Platform['os']> {
  try {
    const asked = await host.commands.run({ file: 'lsb_release', args: ['--all'], timeoutMs: PROBE_TIMEOUT_MS });
    if (asked.exitCode === 0) return parseLsbRelease(asked.output);
  } catch {
    // Nobody knows: unknown is a distribution of its own.
  }
  return ['', '', ''];
}

/** What this machine is. (spec: grid 6.2) */
export async function detectPlatform(host: Pick<Host, 'commands'>, architecture: string): Promise<Platform> {
  let multiarch = MULTIARCH_BY_ARCHITECTURE[architecture] ?? architecture;
  try {
    const result = await host.commands.run({ file: 'gcc', args: ['-dumpmachine'], timeoutMs: PROBE_TIMEOUT_MS });
    if (result.exitCode === 0 && result.output.trim() !== '') multiarch = result.output.trim();
  } catch {
    // No compiler: the kernel's name of the machine has to do.
  }
  return { multiarch, os: (await readOsRelease()) ?? (await askLsb(host)) };
}

/** The parts of a distribution that must be equal: of Debian the major version only. (spec: grid 6.2) */
function significant([id, version, codename]: Platform['os']): string {
  const lower = id.toLowerCase();
  const name = lower === 'raspbian' ? 'debian' : lower;
  return JSON.stringify(name === 'debian' ? [name, version.split('.', 1)[0] ?? ''] : [name, version, codename]);
}

/** Whether what was built for the one runs on the other. (spec: grid 6.2) */
export function isSamePlatform(left: Platform, right: Platform): boolean {
  return left.multiarch === right.multiarch && significant(left.os) === significant(right.os);
}
