import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type BillComponent, packageUrl } from './part-component.js';

/** Where buildout puts Python distributions, below a release. */
const FOLDERS = ['eggs', 'develop-eggs'] as const;
const METADATA = ['EGG-INFO/PKG-INFO', 'METADATA', 'PKG-INFO'] as const;
/** `requests-2.32.3-py3.11.egg`, `requests-2.32.3.dist-info`. */
const FOLDER_NAME = /^(.+?)-(\d[^-]*)(?:-py[\d.]+.*)?\.(?:egg|dist-info|egg-info)$/;

/** The Python distributions that a release has brought, sorted by name; each once. */
export async function eggComponents(release: string): Promise<BillComponent[]> {
  const found = new Map<string, BillComponent>();
  for (const folder of FOLDERS) {
    const root = path.join(release, folder);
    for (const name of (await readdir(root).catch(ignoreMissing)).sort()) {
      const component = await eggComponent(path.join(root, name));
      if (component !== undefined) found.set(component['bom-ref'], component);
    }
  }
  return [...found.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
}

/** What the metadata of a distribution say, or else its folder's name (Python packaging, core metadata). */
async function eggComponent(folder: string): Promise<BillComponent | undefined> {
  const texts = await Promise.all(
    METADATA.map((file) => readFile(path.join(folder, file), 'utf8').catch(ignoreMissing)),
  );
  const head = texts.find((text): text is string => typeof text === 'string')?.split(/\r?\n\r?\n/)[0] ?? '';
  const field = (name: string): string | undefined => {
    const value = new RegExp(`^${name}:[ \\t]*(\\S.*?)[ \\t]*$`, 'im').exec(head)?.[1];
    return value === 'UNKNOWN' ? undefined : value;
  };
  const [, shownName, shownVersion] = FOLDER_NAME.exec(path.basename(folder)) ?? [];
  const name = field('Name') ?? shownName;
  const version = field('Version') ?? shownVersion;
  if (name === undefined) return undefined;
  const licence = field('License-Expression') ?? field('License');
  // The index of Python takes names by this spelling alone (PEP 503).
  const canonical = name.toLowerCase().replaceAll(/[-_.]+/g, '-');
  const purl = packageUrl(['pypi', canonical], version, []);
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    ...(version === undefined ? {} : { version }),
    purl,
    ...(licence === undefined ? {} : { licenses: [{ license: { name: licence } }] }),
  };
}

/** A release need not have eggs, and one may be a link to sources that are gone. */
function ignoreMissing(error: unknown): never[] {
  if (['ENOENT', 'ENOTDIR'].includes(String((error as { code?: unknown }).code))) return [];
  throw error;
}
