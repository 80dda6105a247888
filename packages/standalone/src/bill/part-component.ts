import type { InstalledPart } from './installed-list.js';

/** A component of a CycloneDX document, in as far as we know it. */
export interface BillComponent {
  readonly type: 'library' | 'application' | 'file';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version?: string;
  /** Package URL, by which vulnerabilities are looked up. */
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: 'MD5' | 'SHA-256' | 'SHA-512'; readonly content: string }[];
  readonly licenses?: readonly { readonly license: { readonly name: string } }[];
  readonly externalReferences?: readonly { readonly type: 'distribution' | 'vcs'; readonly url: string }[];
}

/** In the order in which they are taken off. */
const ARCHIVE_SUFFIX = /(?:\.tar)?\.(?:gz|tgz|bz2|tbz2?|xz|txz|lz|lzma|zst|zip|tar|jar|whl|egg|deb)$/i;
const NAME_AND_VERSION = /^(.*?[A-Za-z].*?)[-_]v?(\d[\w.+~-]*)$/;
/** `/OWNER/REPOSITORY/archive/refs/tags/v1.2.tar.gz`, also of GitLab: `/-/archive/v1.2/…`, and of releases. */
const FORGE_ARCHIVE = /\/([^/]+)\/([^/]+)\/(?:-\/)?(?:archive|releases\/download)\/(?:refs\/tags\/)?([^/]+)/;
const GITHUB = /^(?:https?|git|ssh):\/\/(?:git@)?github\.com\/([^/]+)\/([^/]+?)(?:\.git)?\/?$/;
const MD5 = /^[0-9a-f]{32}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const SHA512 = /^[0-9a-f]{128}$/;

/**
 * What a part of a release was made from, by its options: an archive (`url`, with the `md5sum` that was checked) or a checkout (`repository`
 * and `revision`). Undefined for parts that only make files of what the release brings itself.
 */
export function componentOfPart({ name, options }: InstalledPart): BillComponent | undefined {
  const repository = options.get('repository');
  if (repository !== undefined && repository !== '') return checkout(name, withoutCredentials(repository), options);
  const url = options.get('url');
  if (url === undefined || !/^(?:https?|ftp):\/\//.test(url) || !URL.canParse(url)) return undefined;
  return archive(name, withoutCredentials(url), options);
}

/** The document goes to others, who need no password of ours. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/@]*@/, '$1');
}

function archive(part: string, url: string, options: InstalledPart['options']): BillComponent {
  const { name, version } = nameOfArchive(url) ?? { name: part, version: undefined };
  const explicit = options.get('version');
  const known = explicit === undefined || explicit === '' ? version : explicit;
  const hashes = hashesOf(options);
  const [first] = hashes;
  const checksum =
    first === undefined ? [] : [['checksum', `${first.alg.replace('-', '').toLowerCase()}:${first.content}`]];
  return {
    type: 'library',
    'bom-ref': `part:${part}`,
    name,
    ...(known === undefined ? {} : { version: known }),
    purl: packageUrl(['generic', name], known, [['download_url', url], ...checksum]),
    ...(hashes.length === 0 ? {} : { hashes }),
    externalReferences: [{ type: 'distribution', url }],
  };
}

function checkout(part: string, repository: string, options: InstalledPart['options']): BillComponent {
  const last = repository.replace(/\/+$/, '').split(/[/:]/).at(-1);
  const name = last?.replace(/\.git$/, '') ?? part;
  const revision = [options.get('revision'), options.get('branch')].find((text) => text !== undefined && text !== '');
  const [, owner, project] = GITHUB.exec(repository) ?? [];
  const purl =
    owner === undefined || project === undefined
      ? packageUrl(['generic', name], revision, [
          ['vcs_url', `git+${repository}${revision === undefined ? '' : `@${revision}`}`],
        ])
      : packageUrl(['github', owner.toLowerCase(), project.toLowerCase()], revision, []);
  return {
    type: 'library',
    'bom-ref': `part:${part}`,
    name,
    ...(revision === undefined ? {} : { version: revision }),
    purl,
    externalReferences: [{ type: 'vcs', url: repository }],
  };
}

/** `openssl` and `3.0.13` of `https://…/openssl-3.0.13.tar.gz`; undefined when the URL does not say. */
export function nameOfArchive(url: string): { readonly name: string; readonly version: string } | undefined {
  const { pathname } = new URL(url);
  const [, , project, tag] = FORGE_ARCHIVE.exec(pathname) ?? [];
  const file = decode(pathname.split('/').at(-1) ?? '');
  const [, name, version] = NAME_AND_VERSION.exec(withoutSuffix(file)) ?? [];
  if (project !== undefined && tag !== undefined) {
    const tagged = /(\d[\w.+~-]*)$/.exec(withoutSuffix(decode(tag)))?.[1];
    if (tagged !== undefined) return { name: project, version: tagged };
  }
  return name === undefined || version === undefined ? undefined : { name, version };
}

function withoutSuffix(file: string): string {
  const shorter = file.replace(ARCHIVE_SUFFIX, '');
  return shorter === file ? file : withoutSuffix(shorter);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Not every percent sign of a URL begins an escape.
  }
}

function hashesOf(options: InstalledPart['options']): NonNullable<BillComponent['hashes']> {
  const found: NonNullable<BillComponent['hashes']>[number][] = [];
  const add = (alg: 'MD5' | 'SHA-256' | 'SHA-512', pattern: RegExp, ...keys: string[]): void => {
    const content = keys
      .map((key) => options.get(key)?.toLowerCase())
      .find((text) => text !== undefined && pattern.test(text));
    if (content !== undefined) found.push({ alg, content });
  };
  add('MD5', MD5, 'md5sum');
  add('SHA-256', SHA256, 'sha256sum', 'sha256');
  add('SHA-512', SHA512, 'sha512sum', 'sha512');
  return found;
}

/** A package URL: type, names, version and qualifiers, percent-encoded where that is asked for (package-url/purl-spec). */
export function packageUrl(
  path: readonly string[],
  version: string | undefined,
  qualifiers: readonly (readonly string[])[],
): string {
  const encode = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':');
  const query = [...qualifiers]
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
    .map(([key = '', value = '']) => `${key}=${encode(value)}`)
    .join('&');
  return `pkg:${path.map(encode).join('/')}${version === undefined ? '' : `@${encode(version)}`}${query === '' ? '' : `?${query}`}`;
}
