import type { Logger, UntrustedDirectory } from '@slapos/host';

const INSTALLED = '.installed.cfg';
const KEPT = '.installed.cfg.before';
const MAX_BYTES = 64 * 1024 * 1024;
const SECTION = /^\[([^\]]+)\][ \t]*$/;
const OPTION = /^([^\s=:#;][^=:]*?)[ \t]*[=:][ \t]*(.*)$/;

/** Who owns the files that buildout writes. */
interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Whether buildout wrote its list of installed parts to the end. It rewrites the file in place, so a killed buildout can leave one that is
 * empty or cut off, and the next one fails on it.
 */
export function isCompleteInstalledList(text: string): boolean {
  if (!text.endsWith('\n')) return false;
  const signed = new Set<string>();
  let section = '';
  let parts: string | undefined;
  for (const line of text.split('\n')) {
    const opened = SECTION.exec(line)?.[1];
    if (opened !== undefined) {
      section = opened.trim();
      continue;
    }
    const [, key, value = ''] = OPTION.exec(line) ?? [];
    if (key === '__buildout_signature__') signed.add(section);
    // What is appended later holds.
    if (key === 'parts' && section === 'buildout') parts = value;
  }
  return parts?.split(/\s+/).every((part) => part === '' || signed.has(part)) === true;
}

/**
 * To be called before buildout runs in a folder. A complete list of installed parts is copied; one that a killed buildout left
 * incomplete is replaced by the copy from before that run, so that buildout does that run's work again, uninstalling included. Without a copy
 * the list is removed, and buildout installs all parts anew.
 */
export async function secureInstalledList(folder: UntrustedDirectory, owner: Owner, logger: Logger): Promise<void> {
  const options = { maxBytes: MAX_BYTES };
  const installed = await folder.readText(INSTALLED, options);
  if (installed === undefined) return;
  if (isCompleteInstalledList(installed)) {
    await folder.writeAtomic(KEPT, installed, { mode: 0o640, ...owner });
    return;
  }
  const kept = await folder.readText(KEPT, options);
  if (kept !== undefined && isCompleteInstalledList(kept)) {
    logger.warn(`An interrupted buildout left ${folder.path}/${INSTALLED} incomplete: taking the one from before it`);
    await folder.writeAtomic(INSTALLED, kept, { mode: 0o640, ...owner });
    return;
  }
  logger.warn(`An interrupted buildout left ${folder.path}/${INSTALLED} incomplete: installing all parts anew`);
  await folder.remove(INSTALLED);
}

/** To be called when buildout has succeeded: its list is complete, and the copy has had its use. */
export async function releaseInstalledList(folder: UntrustedDirectory): Promise<void> {
  await folder.remove(KEPT);
}
