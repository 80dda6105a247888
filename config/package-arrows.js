/**
 * Who may import whom, as DESIGN says it: arrows go down this table only. A new arrow is a decision, written in `docs/decisions/`.
 * The packages that do not exist yet stand here too, so that they start with their arrows in place.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const PACKAGE_ARROWS = {
  slap: [],
  host: [],
  supervisor: ['host'],
  promise: ['host', 'slap'],
  manager: ['host'],
  format: ['host', 'slap', 'manager'],
  grid: ['host', 'slap', 'supervisor', 'promise', 'manager'],
  collect: ['host'],
  proxy: ['slap'],
  standalone: ['slap', 'host', 'supervisor', 'promise', 'manager', 'format', 'grid', 'collect', 'proxy'],
  cli: ['slap', 'host', 'supervisor', 'promise', 'manager', 'format', 'grid', 'collect', 'proxy', 'standalone'],
};

/**
 * Third-party packages that have a home: only the packages named here may import them.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const THIRD_PARTY_HOMES = {
  ky: ['slap'],
  '@oclif/*': ['cli'],
  kysely: ['proxy', 'collect'],
  'better-sqlite3': ['proxy', 'collect'],
  hono: ['proxy'],
  '@hono/*': ['proxy'],
};

/** Third-party packages for tests only: `@slapos/host` is what runs commands in the product. */
const TEST_ONLY_PACKAGES = ['execa'];

/**
 * The constraints for `@nx/enforce-module-boundaries`: one for each tag.
 * @param {{ tests: boolean }} options whether they are for test files, which may use a few packages more
 */
export function boundaryConstraints({ tests }) {
  const constraints = Object.entries(PACKAGE_ARROWS).map(([name, targets]) => ({
    sourceTag: `package:${name}`,
    onlyDependOnLibsWithTags: targets.map((target) => `package:${target}`),
    bannedExternalImports: [
      ...Object.entries(THIRD_PARTY_HOMES)
        .filter(([, homes]) => !homes.includes(name))
        .map(([pattern]) => pattern),
      ...(tests ? [] : TEST_ONLY_PACKAGES),
    ],
  }));
  const anyPackage = Object.keys(PACKAGE_ARROWS).map((name) => `package:${name}`);
  return [
    ...constraints,
    { sourceTag: 'package:e2e', onlyDependOnLibsWithTags: anyPackage },
    { sourceTag: 'package:tools', onlyDependOnLibsWithTags: anyPackage },
  ];
}
