import { isSlapOSError, type Logger, UntrustedDirectory } from '@slapos/host';

/** A signature or a script is never longer; what is longer is left unread. (spec: security S23) */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
/** How deep below an instance root a nested node's slapos.cfg is looked for. */
const MAX_DEPTH = 24;
const MAX_FOLDERS = 500_000;

/** One shared build: `<shared root>/<name>/<hash>`. */
export interface SharedPart {
  readonly name: string;
  readonly hash: string;
  readonly path: string;
}

async function open(parent: UntrustedDirectory, name: string): Promise<UntrustedDirectory | undefined> {
  return (await parent.stat(name))?.type === 'directory' ? parent.openSubdirectory(name) : undefined;
}

/** Opens a folder; `undefined` when it is absent or not a plain folder. */
export async function openFolder(path: string): Promise<UntrustedDirectory | undefined> {
  try {
    return await UntrustedDirectory.open(path);
  } catch (error) {
    if (isSlapOSError(error)) return undefined;
    throw error;
  }
}

async function readTolerantly(folder: UntrustedDirectory, name: string, logger: Logger): Promise<string | undefined> {
  try {
    return await folder.readText(name, { maxBytes: MAX_TEXT_BYTES });
  } catch (error) {
    if (!isSlapOSError(error)) throw error;
    logger.debug('Left unread while looking for used shared parts', { folder: folder.path, name, error });
    return undefined;
  }
}

/** The shared parts below a shared root, sorted. */
export async function listSharedParts(sharedRoot: string): Promise<SharedPart[]> {
  const root = await openFolder(sharedRoot);
  if (root === undefined) return [];
  await using names = root;
  const parts: SharedPart[] = [];
  for (const name of await names.list()) {
    const folder = await open(names, name);
    if (folder === undefined) continue;
    await using hashes = folder;
    for (const hash of await hashes.list()) {
      if ((await hashes.stat(hash))?.type === 'directory')
        parts.push({ name, hash, path: `${sharedRoot}/${name}/${hash}` });
    }
  }
  return parts;
}

/**
 * Texts in which the hash of a used part stands: of the releases of one software root. (spec: grid 14)
 * @param title what the folder is called when it is not there
 */
export async function readSoftwareTexts(
  softwareRoot: string,
  logger: Logger,
  title = 'Software directory',
): Promise<string[]> {
  const root = await openFolder(softwareRoot);
  if (root === undefined) {
    logger.warn(`${title} does not exist: ${softwareRoot}`);
    return [];
  }
  await using releases = root;
  const texts: (string | undefined)[] = [];
  for (const name of await releases.list()) {
    const opened = await open(releases, name);
    if (opened === undefined) continue;
    await using release = opened;
    if (await release.exists('.installed.cfg')) texts.push(await readTolerantly(release, '.installed.cfg', logger));
    await using bin = await open(release, 'bin');
    for (const script of (await bin?.list()) ?? []) {
      if (bin !== undefined && (await bin.stat(script))?.type === 'file')
        texts.push(await readTolerantly(bin, script, logger));
    }
  }
  return texts.filter((text) => text !== undefined);
}

/** The texts in a shared part that name the other parts it needs. */
export async function readPartTexts(part: SharedPart, logger: Logger): Promise<string[]> {
  const opened = await openFolder(part.path);
  if (opened === undefined) return [];
  await using folder = opened;
  const texts: (string | undefined)[] = [];
  for (const name of await folder.list()) {
    const isSignature = name === '.buildout-shared.json' || (name.startsWith('.') && name.endsWith('signature'));
    if (isSignature) texts.push(await readTolerantly(folder, name, logger));
  }
  return texts.filter((text) => text !== undefined);
}

/** The texts of all `slapos.cfg` below an instance root: nodes that run in partitions. (spec: grid 14, security S23) */
export async function findNestedConfigurations(
  instanceRoot: string,
  logger: Logger,
): Promise<{ readonly path: string; readonly text: string }[]> {
  const found: { path: string; text: string }[] = [];
  let folders = 0;
  const walk = async (folder: UntrustedDirectory, depth: number): Promise<void> => {
    folders += 1;
    if (depth > MAX_DEPTH || folders > MAX_FOLDERS) return;
    for (const name of await folder.list()) {
      const type = (await folder.stat(name))?.type;
      if (name === 'slapos.cfg' && type === 'file') {
        const text = await readTolerantly(folder, name, logger);
        if (text !== undefined) found.push({ path: `${folder.path}/${name}`, text });
      } else if (type === 'directory') {
        try {
          await using inside = await folder.openSubdirectory(name);
          await walk(inside, depth + 1);
        } catch (error) {
          if (!isSlapOSError(error)) throw error;
          logger.debug('Left unread while looking for nested nodes', { folder: folder.path, name, error });
        }
      }
    }
  };
  const root = await openFolder(instanceRoot);
  if (root === undefined) return [];
  await using top = root;
  await walk(top, 0);
  return found;
}
