// The site itself is typedoc's: the interfaces of all packages, and the pages of `docs` beside them.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { Application, Converter, ReflectionKind } from 'typedoc';

import { WORKSPACE_ROOT } from '../setup/setup.mjs';

/** @import { Context, DeclarationReflection, DocumentReflection } from 'typedoc' */

const PACKAGES = path.join(WORKSPACE_ROOT, 'packages');
const SOURCE_CONDITION = '@slapos/source';
const HEADING = /^# (.+)$/m;

/** Pages in the order of the table of contents. */
const GROUPS = /** @type {const} */ ([
  ['Start', ['docs/concepts.md', 'docs/tutorial.md']],
  ['How to', [/^docs\/how-to\/.+\.md$/, 'docs/promises.md', 'docs/managers.md']],
  ['Reference', [/^docs\/reference\/.+\.md$/, 'docs/wire-and-files.md', 'docs/errors.md']],
  ['Packages', [/^packages\/[^/]+\/README\.md$/]],
  ['Background', ['docs/architecture.md', 'docs/security.md', 'docs/dependencies.md', /^docs\/decisions\/.+\.md$/]],
]);
const API_GROUP = 'Interfaces';

/**
 * Every module that can be imported, by the file of its source.
 * @returns {Map<string, string>}
 */
function findModules() {
  /** @type {Map<string, string>} */
  const modules = new Map();
  for (const folder of readdirSync(PACKAGES).sort()) {
    const manifest = /** @type {{ name: string, exports: Record<string, string | Record<string, string>> }} */ (
      JSON.parse(readFileSync(path.join(PACKAGES, folder, 'package.json'), 'utf8'))
    );
    for (const [subpath, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string') continue;
      const source = target[SOURCE_CONDITION];
      if (source !== undefined) modules.set(path.join(PACKAGES, folder, source), manifest.name + subpath.slice(1));
    }
  }
  return modules;
}

/** @param {string} file @returns {string | undefined} the group that a page belongs to */
function groupOf(file) {
  const name = path.relative(WORKSPACE_ROOT, file);
  return GROUPS.find(([, pages]) =>
    pages.some((page) => (typeof page === 'string' ? page === name : page.test(name))),
  )?.[0];
}

/** @param {readonly string[]} generated files @returns {string[]} */
function findPages(generated) {
  const below = (/** @type {string} */ folder) =>
    readdirSync(path.join(WORKSPACE_ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.join(WORKSPACE_ROOT, folder, name));
  const written = [...below('docs'), ...readdirSync(PACKAGES).map((name) => path.join(PACKAGES, name, 'README.md'))];
  return [...new Set([...written, ...generated])]
    .filter((file) => path.relative(WORKSPACE_ROOT, file) !== 'docs/README.md')
    .sort();
}

/**
 * Builds the site.
 * @param {readonly string[]} generated pages that stand in no folder of the repository
 * @param {string} target folder, emptied first
 * @returns {Promise<boolean>} whether there was nothing to complain about; complaints are printed
 */
export async function buildSite(generated, target) {
  const modules = findModules();
  const pages = findPages(generated);
  const homeless = pages.filter((page) => groupOf(page) === undefined);
  if (homeless.length > 0)
    throw new Error(`tools/docs/site.mjs does not say where these pages stand: ${homeless.join(', ')}`);
  // typedoc names a module after its file.
  const names = new Map(
    [...modules].map(([file, name]) => [path.relative(PACKAGES, file).replace(/(?:\/index)?\.ts$/, ''), name]),
  );
  const app = await Application.bootstrap({
    name: 'SlapOS for Node.js',
    entryPointStrategy: 'resolve',
    entryPoints: [...modules.keys()],
    tsconfig: path.join(WORKSPACE_ROOT, 'tools/docs/tsconfig.json'),
    readme: path.join(WORKSPACE_ROOT, 'docs/README.md'),
    projectDocuments: pages,
    // The type checker of every package has been there before.
    skipErrorChecking: true,
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    groupOrder: [...GROUPS.map(([name]) => name), API_GROUP, '*'],
    sort: ['source-order'],
    sortEntryPoints: false,
    highlightLanguages: ['bash', 'console', 'ini', 'javascript', 'json', 'python', 'typescript', 'xml'],
    navigation: { includeGroups: true, includeCategories: false, includeFolders: false, compactFolders: false },
    navigationLeaves: ['*'],
    intentionallyNotExported: [],
    logLevel: 'Warn',
  });
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, /** @type {DocumentReflection} */ page) => {
    const file = page.project.files.getReflectionPath(page) ?? '';
    page.frontmatter['group'] = groupOf(file);
    page.name = HEADING.exec(readFileSync(file, 'utf8'))?.[1]?.replaceAll('`', '') ?? page.name;
  });
  app.converter.on(
    Converter.EVENT_CREATE_DECLARATION,
    (/** @type {Context} */ _, /** @type {DeclarationReflection} */ declaration) => {
      if (declaration.kind !== ReflectionKind.Module) return;
      declaration.name = names.get(declaration.name) ?? declaration.name;
    },
  );
  const project = await app.convert();
  if (project === undefined) return false;
  app.validate(project);
  await app.generateDocs(project, target);
  return !app.logger.hasErrors() && !app.logger.hasWarnings();
}
