import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { softwareReleaseHash } from '@slapos/grid';
import { createLinuxHost, type UserIdentity } from '@slapos/host';
import { StandaloneError } from '../errors.js';
import { type LinkedLibrary, readLddOutput } from './ldd.js';
import { isLike } from './patterns.js';

const ELF_MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const LDD_TIMEOUT_MS = 60_000;
const EXECUTABLE_BITS = 0o111;
/** Libraries of every Linux, which releases may use (spec: standalone §6.3). */
const SYSTEM_LIBRARIES: ReadonlySet<string> = new Set(
  (
    'libanl libc libcrypt libdl libgcc_s libgomp libm libmvec libnsl libpthread libthread_db libresolv librt libstdc++ ' +
    'libquadmath libutil'
  ).split(' '),
);
const MAY_BE_MISSING: ReadonlySet<string> = new Set(['liblibgolang']);
const IGNORED: readonly string[] = [
  '*/parts/java-re*/*',
  '*/parts/firefox*/*',
  '*/parts/chromium-*/*',
  '*/parts/chromedriver*/*',
  '*/parts/libreoffice-bin/*',
  '*/parts/wkhtmltopdf/*',
  '*/r-language/lib*/R/*',
  '*/pulp-repository.git/src/pulp/solverdir/cbc*',
  '*/parts/nss/*',
  '*/node_modules/phantomjs*/*',
  '*/grafana/tools/phantomjs/*',
  '*/node_modules/puppeteer/*',
  '*/*__compile__/*',
  '*/parts/wendelin.core/build/*',
  '*/.vpython-root/*',
  '*/libexec/ssh-keysign',
  '*/test/ELF/Inputs/version-use.so',
  '*/lib/libtermcap.so',
  '*/bin/phantomjs',
];

/** Which release is looked at. */
export interface CheckSoftwareOptions {
  readonly softwareRoot: string;
  readonly softwareReleaseUrl: string;
  /** Folders of shared parts whose libraries may be used. */
  readonly sharedParts?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Something that makes a built release depend on what it should not. */
export interface SoftwareFinding {
  readonly kind: 'missing-library' | 'system-library' | 'shared-part-refers-to-release' | 'unreadable';
  readonly file: string;
  /** A sentence for a person. */
  readonly message: string;
}

/**
 * Looks for what would break a built release on another machine: libraries that are missing or the system's, shared parts that refer to
 * the release (spec: standalone §6.3). Programs of the release are only loaded, as their owner, never run.
 * @returns all findings; none means that it is sound
 */
export async function checkSoftware(options: CheckSoftwareOptions): Promise<SoftwareFinding[]> {
  const hash = softwareReleaseHash(options.softwareReleaseUrl);
  const release = await realpath(path.join(options.softwareRoot, hash));
  const parts = await installedParts(release);
  const sharedParts = [...(options.sharedParts ?? []), ...(await sharedPartList(release))];
  const folders = [release, ...parts.filter((part) => !isBelow(part, release))];
  const allowed = await Promise.all([...folders, ...sharedParts].map((folder) => realpath(folder).catch(() => folder)));
  const findings: SoftwareFinding[] = [];
  await using loader = new Loader(options.signal);
  for (const folder of folders) {
    for await (const file of elfFiles(folder)) findings.push(...(await loader.check(file, allowed)));
  }
  for (const part of parts.filter((candidate) => sharedParts.some((shared) => isBelow(candidate, shared)))) {
    const signature = await readFile(path.join(part, '.buildout-shared.json'), 'utf8').catch(() => '');
    if (signature.includes(hash)) {
      const message = `Shared part is referencing non shared part or software ${part}`;
      findings.push({ kind: 'shared-part-refers-to-release', file: part, message });
    }
  }
  return findings;
}

/** Like {@link checkSoftware}, for those who want an error. @throws StandaloneError `STANDALONE_UNSOUND_SOFTWARE` with all findings */
export async function assertSoundSoftware(options: CheckSoftwareOptions): Promise<void> {
  const findings = await checkSoftware(options);
  if (findings.length === 0) return;
  const lines = findings.map(({ message }) => message).join('\n');
  throw new StandaloneError('STANDALONE_UNSOUND_SOFTWARE', `${options.softwareReleaseUrl} is not sound:\n${lines}`);
}

function isBelow(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}

/** Where the parts of a release are, from buildout's own list. */
async function installedParts(release: string): Promise<string[]> {
  const text = await readFile(path.join(release, '.installed.cfg'), 'utf8').catch(() => '');
  const found = new Set<string>();
  for (const [, value = ''] of text.matchAll(/^(?:location|__buildout_installed__) *=((?:.*\n?)(?:[ \t]+.*\n?)*)/gm)) {
    for (const entry of value.split('\n').map((line) => line.trim())) {
      if (path.isAbsolute(entry)) found.add(path.normalize(entry).replace(/\/$/, ''));
    }
  }
  return [...found].sort();
}

async function sharedPartList(release: string): Promise<string[]> {
  const text = await readFile(path.join(release, 'buildout.cfg'), 'utf8').catch(() => '');
  const [, value = ''] = /^shared-part-list *=((?:.*\n?)(?:[ \t]+.*\n?)*)/m.exec(text) ?? [];
  return value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => path.isAbsolute(line));
}

async function* elfFiles(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (IGNORED.some((pattern) => isLike(file, pattern))) continue;
    if (entry.isDirectory()) yield* elfFiles(file);
    else if (entry.isFile() && (await isElfProgram(file))) yield file;
  }
}

async function isElfProgram(file: string): Promise<boolean> {
  try {
    const { mode } = await stat(file);
    if ((mode & EXECUTABLE_BITS) === 0 && !file.endsWith('.so')) return false;
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(ELF_MAGIC.length), 0, ELF_MAGIC.length, 0);
    return bytesRead === ELF_MAGIC.length && buffer.equals(ELF_MAGIC);
  } catch {
    return false; // It went away, or is not ours to read: then no instance can run it either.
  }
}

/** Runs `ldd` as the owner of each file: it may start the program's own loader. */
class Loader implements AsyncDisposable {
  readonly #host = createLinuxHost();
  readonly #signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  async check(file: string, allowed: readonly string[]): Promise<SoftwareFinding[]> {
    let libraries: LinkedLibrary[];
    try {
      libraries = readLddOutput(await this.#ldd(file));
    } catch (error) {
      if (this.#signal?.aborted === true) throw error;
      return [
        { kind: 'unreadable', file, message: `${file}: ${error instanceof Error ? error.message : String(error)}` },
      ];
    }
    const findings: SoftwareFinding[] = [];
    const missing = libraries.filter(({ name, path: found }) => found === undefined && !MAY_BE_MISSING.has(stem(name)));
    if (missing.length > 0) {
      const names = missing.map(({ name }) => name).join(', ');
      findings.push({ kind: 'missing-library', file, message: `${file} has some not found libraries: ${names}` });
    }
    for (const { name, path: found } of libraries) {
      if (found === undefined || SYSTEM_LIBRARIES.has(stem(name))) continue;
      const real = await realpath(found).catch(() => found);
      if (allowed.some((folder) => isBelow(real, folder))) continue;
      findings.push({ kind: 'system-library', file, message: `${file} uses system library ${real} for ${name}` });
    }
    return findings;
  }

  async #ldd(file: string): Promise<string> {
    const user = await this.#owner(file);
    const command = { file: 'ldd', args: [file], timeoutMs: LDD_TIMEOUT_MS, ...(user === undefined ? {} : { user }) };
    const options = this.#signal === undefined ? {} : { signal: this.#signal };
    return (await this.#host.commands.run(command, options)).output;
  }

  async #owner(file: string): Promise<UserIdentity | undefined> {
    if (!this.#host.isRoot) return undefined;
    const { uid } = await stat(file);
    return uid === 0 ? undefined : await this.#host.users.byUid(uid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
  }
}

/** `libz` of `libz.so.1`. */
function stem(name: string): string {
  return path.basename(name).replace(/\.so(?:\.|$).*/, '');
}
