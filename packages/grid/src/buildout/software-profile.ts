import { checkLine } from './values.js';

/** What the profile of a Software Release says beside its URL. */
export interface SoftwareProfileOptions {
  readonly softwareReleaseUrl: string;
  /** Folders of shared builds; only the last one is written to. */
  readonly sharedPartList: readonly string[];
  /** Folders of parts that are only needed while building. */
  readonly buildTimePartList: readonly string[];
}

function multiLine(what: string, items: readonly string[]): string {
  return items.map((item) => `\n\t${checkLine(what, item)}`).join('');
}

/** The `buildout.cfg` of a Software Release, written once and then kept. (spec: grid 5.4) */
export function renderSoftwareProfile(options: SoftwareProfileOptions): string {
  return (
    '[buildout]\n' +
    `extends = ${checkLine('The URL of the Software Release', options.softwareReleaseUrl)}\n` +
    `shared-part-list = ${multiLine('shared_part_list', options.sharedPartList)}\n` +
    `build-time-part-list = ${multiLine('build_time_part_list', options.buildTimePartList)}\n` +
    '\n'
  );
}

/** Parameters of buildout's own download cache, by their name in `[networkcache]`. */
export const NETWORK_CACHE_PARAMETERS = [
  'signature-private-key-file',
  'upload-cache-url',
  'upload-dir-url',
  'shacache-ca-file',
  'shacache-cert-file',
  'shacache-key-file',
  'shadir-ca-file',
  'shadir-cert-file',
  'shadir-key-file',
] as const;

/** Values for buildout's download cache; absent ones are not given to it. */
export type NetworkCacheParameters = Readonly<Partial<Record<(typeof NETWORK_CACHE_PARAMETERS)[number], string>>>;

/** The command-line parameters of bootstrap and build, in their order. (spec: grid 5.5) */
export function softwareParameters(options: {
  readonly directory: string;
  readonly networkCache: NetworkCacheParameters;
  /** Look for newer versions of what is already installed. */
  readonly newest: boolean;
}): string[] {
  const { directory, networkCache } = options;
  const [signatureKey, uploadCache, uploadDirectory] = NETWORK_CACHE_PARAMETERS;
  const usesCache = [signatureKey, uploadCache, uploadDirectory].some((name) => (networkCache[name] ?? '') !== '');
  const parameters = [`buildout:extends-cache=${directory}/extends-cache`, `buildout:directory=${directory}`];
  if (usesCache) parameters.push('buildout:networkcache-section=networkcache');
  for (const name of NETWORK_CACHE_PARAMETERS) {
    const value = networkCache[name] ?? '';
    if (value !== '') parameters.push(`networkcache:${name}=${value}`);
  }
  if (!options.newest) parameters.push('-N');
  parameters.push('-c', `${directory}/buildout.cfg`);
  return parameters;
}
