import type { UntrustedDirectory } from '@slapos/host';

/** What a folder has between being made and being given to its owner. */
const UNFINISHED_MODE = 0o700;

/**
 * Opens a folder inside a folder, made when it is absent; one that a pass which was killed had made, but not yet given to its owner, is
 * given to him now. All others are left as they are.
 */
export async function ensureSubdirectory(
  parent: UntrustedDirectory,
  name: string,
  options: { readonly mode: number; readonly uid?: number; readonly gid?: number },
): Promise<UntrustedDirectory> {
  const folder = await parent.openSubdirectory(name, { create: true, ...options });
  try {
    const { uid, mode } = await folder.statSelf();
    const isStillOurs = options.uid !== undefined && options.uid !== uid && uid === process.geteuid?.();
    const isStillPrivate = mode === UNFINISHED_MODE && options.mode !== UNFINISHED_MODE;
    if (isStillOurs || isStillPrivate) await folder.setOwnAttributes(options);
    return folder;
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}
