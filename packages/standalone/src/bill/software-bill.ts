import { createHash, randomUUID } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { softwareReleaseHash } from '@slapos/grid';
import { writeFileAtomically } from '@slapos/host';
import { StandaloneError } from '../errors.js';
import { eggComponents } from './eggs.js';
import { readInstalledList } from './installed-list.js';
import { type BillComponent, componentOfPart, withoutCredentials } from './part-component.js';

const FILE_MODE = 0o644;
const TOOL = 'slapos';

/** Which release is looked at. */
export interface SoftwareBillOptions {
  readonly softwareRoot: string;
  readonly softwareReleaseUrl: string;
  /** How the release is called in the document. Default: the folder of its profile. */
  readonly softwareName?: string | undefined;
  /** When the document is made, in milliseconds since the epoch. Default: now. */
  readonly now?: number | undefined;
}

/** A CycloneDX document: what a Software Release is made of, for programs that look for known vulnerabilities. */
export interface SoftwareBill {
  readonly $schema: string;
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.6';
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: {
    readonly timestamp: string;
    readonly tools: { readonly components: readonly { readonly type: 'application'; readonly name: string }[] };
    readonly component: BillComponent;
  };
  readonly components: readonly BillComponent[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * The bill of materials of a built release: the archives and checkouts its parts were made from, as buildout's own list has them, and the
 * Python distributions it brought (spec: standalone §6.1; CycloneDX 1.6).
 * @throws StandaloneError `STANDALONE_NO_BILL` when the release is not built, or was not built by buildout
 */
export async function softwareBill(options: SoftwareBillOptions): Promise<SoftwareBill> {
  const { softwareReleaseUrl } = options;
  const folder = path.join(options.softwareRoot, softwareReleaseHash(softwareReleaseUrl));
  const [release, installed] = await readRelease(folder, softwareReleaseUrl);
  const parts = readInstalledList(installed).map(componentOfPart);
  const components = [...parts.filter((part) => part !== undefined), ...(await eggComponents(release))];
  const name = options.softwareName ?? (path.basename(path.dirname(softwareReleaseUrl)) || 'software');
  const root: BillComponent = {
    type: 'application',
    'bom-ref': 'software-release',
    name,
    // A profile has no version of its own; the same one always gives the same.
    version: createHash('sha256').update(installed).digest('hex').slice(0, 12),
    ...(URL.canParse(softwareReleaseUrl)
      ? { externalReferences: [{ type: 'distribution' as const, url: withoutCredentials(softwareReleaseUrl) }] }
      : {}),
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${randomUUID()}`,
    version: 1,
    metadata: {
      timestamp: new Date(options.now ?? Date.now()).toISOString(),
      tools: { components: [{ type: 'application', name: TOOL }] },
      component: root,
    },
    components,
    dependencies: [{ ref: root['bom-ref'], dependsOn: components.map((component) => component['bom-ref']) }],
  };
}

async function readRelease(folder: string, softwareReleaseUrl: string): Promise<[folder: string, installed: string]> {
  try {
    const release = await realpath(folder);
    return [release, await readFile(path.join(release, '.installed.cfg'), 'utf8')];
  } catch (cause) {
    throw new StandaloneError('STANDALONE_NO_BILL', `Nothing says what ${softwareReleaseUrl} is made of`, {
      hint: `Build it with buildout first: its list of parts would be ${folder}/.installed.cfg.`,
      cause,
    });
  }
}

/** Writes the document beside the node, as `MD5.cdx.json` in that folder, and gives the file. */
export async function writeSoftwareBill(directory: string, options: SoftwareBillOptions): Promise<string> {
  const bill = await softwareBill(options);
  const file = path.join(directory, `${softwareReleaseHash(options.softwareReleaseUrl)}.cdx.json`);
  await writeFileAtomically(file, `${JSON.stringify(bill, null, 2)}\n`, { mode: FILE_MODE });
  return file;
}
