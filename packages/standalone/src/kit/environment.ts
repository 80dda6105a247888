import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import type { DependencyTrack } from '../bill/dependency-track.js';
import { StandaloneError } from '../errors.js';

const FIRST_PORT = 1024;
const END_OF_PORTS = 65_535;

/** What the variables `SLAPOS_TEST_…` say; the same names as the Python test suites have (spec: standalone §6.1). */
export interface TestEnvironment {
  /** `SLAPOS_TEST_WORKING_DIR`. */
  readonly directory: string | undefined;
  /** `SLAPOS_TEST_IPV4`, `SLAPOS_TEST_IPV6`. */
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  /** `SLAPOS_TEST_DEBUG`. */
  readonly debug: boolean;
  /** `SLAPOS_TEST_SKIP_SOFTWARE_CHECK`, `SLAPOS_TEST_SKIP_SOFTWARE_REBUILD`. */
  readonly skipSoftwareCheck: boolean;
  readonly skipSoftwareRebuild: boolean;
  /** `SLAPOS_TEST_SHARED_PART_LIST`: separated by `:`, `~` is the home folder. */
  readonly sharedParts: readonly string[];
  /** `SLAPOS_TEST_SOFTWARE_ROOT_DIR` and `…_URL`: releases below the folder are asked for by that URL; both or none. */
  readonly served: { readonly directory: string; readonly url: string } | undefined;
  /** `SLAPOS_TEST_LOG_DIRECTORY`; absent: no snapshots. */
  readonly snapshotDirectory: string | undefined;
  /** `SLAPOS_SR_SBOM_DEPENDENCY_TRACK_URL`, `…_API_KEY` and `…_PROJECT_ID`: all three or none. */
  readonly dependencyTrack: DependencyTrack | undefined;
}

/**
 * Reads the variables; give it `process.env`.
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS` for a switch that is not a whole number, and for some of what belongs together
 */
export function readTestEnvironment(variables: Readonly<Record<string, string | undefined>>): TestEnvironment {
  const text = (name: string): string | undefined => {
    const value = variables[`SLAPOS_TEST_${name}`];
    return value === undefined || value === '' ? undefined : value;
  };
  const flag = (name: string): boolean => {
    const value = text(name) ?? '0';
    if (/^\d+$/.test(value)) return Number(value) !== 0;
    throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `SLAPOS_TEST_${name} is ${JSON.stringify(value)}`, {
      hint: 'Set it to 0 or 1.',
    });
  };
  const absolute = (value: string | undefined) => (value === undefined ? undefined : path.resolve(value));
  const servedDirectory = absolute(text('SOFTWARE_ROOT_DIR'));
  const servedUrl = text('SOFTWARE_ROOT_URL');
  return {
    served:
      servedDirectory === undefined || servedUrl === undefined
        ? undefined
        : { directory: servedDirectory, url: servedUrl.replace(/\/$/, '') },
    directory: absolute(text('WORKING_DIR')),
    ipv4: text('IPV4'),
    ipv6: text('IPV6'),
    debug: flag('DEBUG'),
    skipSoftwareCheck: flag('SKIP_SOFTWARE_CHECK'),
    skipSoftwareRebuild: flag('SKIP_SOFTWARE_REBUILD'),
    sharedParts: (text('SHARED_PART_LIST') ?? '')
      .split(':')
      .filter((entry) => entry !== '')
      .map((entry) => path.resolve(entry.replace(/^~(?=\/|$)/, os.homedir()))),
    snapshotDirectory: absolute(text('LOG_DIRECTORY')),
    dependencyTrack: readDependencyTrack(variables),
  };
}

function readDependencyTrack(variables: Readonly<Record<string, string | undefined>>): DependencyTrack | undefined {
  const names = ['URL', 'API_KEY', 'PROJECT_ID'].map((name) => `SLAPOS_SR_SBOM_DEPENDENCY_TRACK_${name}`);
  const [url = '', apiKey = '', projectId = ''] = names.map((name) => variables[name]);
  const missing = [url, apiKey, projectId].flatMap((value, index) => (value === '' ? [names[index]] : []));
  if (missing.length === names.length) return undefined;
  if (missing.length === 0) return { url, apiKey, projectId };
  throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `${missing.join(' and ')} must be set, too`, {
    hint: 'Set the URL, the key and the id of the project, or none of them.',
  });
}

/**
 * The URL by which a release is asked for: that of a served folder for a path below it; URLs stay (spec: standalone §6.1).
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS` for a path elsewhere, when a folder is served
 */
export function servedSoftwareUrl(release: string, served: TestEnvironment['served']): string {
  if (served === undefined || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(release)) return release;
  const relative = path.relative(served.directory, release);
  if (relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative)) return `${served.url}/${relative}`;
  throw new StandaloneError(
    'STANDALONE_INVALID_OPTIONS',
    `${release} is not below ${served.directory}, which is served`,
    {
      hint: 'Set SLAPOS_TEST_SOFTWARE_ROOT_DIR and SLAPOS_TEST_SOFTWARE_ROOT_URL to a folder that holds it, or neither of them.',
    },
  );
}

/** A port that is always the same for a folder, as the Python test suites choose theirs (spec: standalone §6.1). */
export function portOfPath(directory: string): number {
  const digest = createHash('md5').update(directory).digest('hex');
  return FIRST_PORT + Number(BigInt(`0x${digest}`) % BigInt(END_OF_PORTS - FIRST_PORT));
}
