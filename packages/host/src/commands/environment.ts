import { HostError } from '../errors.js';

/** Where programs are looked up, whatever the operator's PATH says. (spec: security S15) */
export const TRUSTED_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What children may inherit of the agent's environment. (spec: security S14) */
const PASSED_TO_USERS = [
  'TZ',
  'SLAPGRID_INSTANCE_ROOT',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
] as const;

/** Root's children get even less: nothing that chooses code, certificates or servers. */
const PASSED_TO_ROOT = ['TZ'] as const;

const SHELL = '/bin/sh';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface BaseEnvironmentOptions {
  /** What the agent itself was started with. */
  readonly inherited: Environment;
  /** More names that the operator lets pass, to users' children only. */
  readonly passedNames: readonly string[];
  /** Whose process it is. */
  readonly owner: { readonly name: string; readonly home: string; readonly isRoot: boolean };
}

/** The clean environment that a child starts with: an allow-list, never the agent's own minus something. (spec: security S14) */
export function baseEnvironment(options: BaseEnvironmentOptions): Record<string, string> {
  const { inherited, owner } = options;
  const environment: Record<string, string> = {};
  for (const name of owner.isRoot ? PASSED_TO_ROOT : [...PASSED_TO_USERS, ...options.passedNames]) {
    const value = inherited[name];
    if (value !== undefined) environment[name] = value;
  }
  return {
    ...environment,
    PATH: TRUSTED_PATH,
    HOME: owner.home,
    USER: owner.name,
    LOGNAME: owner.name,
    SHELL,
    LANG: 'C.UTF-8',
    PYTHONNOUSERSITE: 'true',
  };
}

/** Refuses what the kernel or a reader of the environment would understand differently. */
export function checkEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(environment)) {
    if (name === '' || name.includes('=') || name.includes('\0') || value.includes('\0')) {
      throw new HostError('HOST_INVALID_ARGUMENT', `Cannot pass the environment variable ${JSON.stringify(name)}`, {
        hint: 'A name is not empty and has neither "=" nor NUL; a value has no NUL.',
      });
    }
  }
}
