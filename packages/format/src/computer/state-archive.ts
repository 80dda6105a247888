import path from 'node:path';
import { strToU8, unzipSync, zipSync } from 'fflate';

/** What is to be written for the archive of former computer documents. */
export type ArchiveUpdate =
  | { readonly kind: 'write'; readonly archive: Uint8Array; readonly entry: string }
  | {
      readonly kind: 'replace-broken';
      readonly archive: Uint8Array;
      readonly entry: string;
      readonly brokenName: string;
    };

/**
 * Puts the former computer document into its archive (spec: format §7). Pure.
 * @param file path of the computer document
 * @param former its content until now
 * @param archive bytes of `FILE.zip`, `undefined` when there is none
 * @param now local time of the run, which names the entry
 */
export function archiveFormerState(
  file: string,
  former: string,
  archive: Uint8Array | undefined,
  now: Date,
): ArchiveUpdate {
  const stamp = localStamp(now);
  const entry = `${path.basename(file)}.${stamp}`;
  const bytes = strToU8(former);
  if (archive === undefined) return { kind: 'write', archive: zipSync({ [entry]: bytes }), entry };
  try {
    const entries = unzipSync(archive);
    const free = freeEntry(entries, entry, bytes);
    return { kind: 'write', archive: zipSync({ ...entries, [free]: bytes }), entry: free };
  } catch {
    // What is broken may still be worth something to somebody: it is moved aside, never overwritten.
    return {
      kind: 'replace-broken',
      archive: zipSync({ [entry]: bytes }),
      entry,
      brokenName: `${path.basename(file)}.zip_broken_${stamp}`,
    };
  }
}

/** Within a minute, or when the clock was set back, a name may be taken: what is there is never overwritten. */
function freeEntry(entries: Readonly<Record<string, Uint8Array>>, entry: string, bytes: Uint8Array): string {
  const isFree = (name: string): boolean => {
    const existing = entries[name];
    return existing === undefined || Buffer.compare(existing, bytes) === 0;
  };
  let name = entry;
  for (let number = 2; !isFree(name); number += 1) name = `${entry}_${number}`;
  return name;
}

/** `20261123-08:15`, in local time. */
function localStamp(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}-${two(now.getHours())}:${two(now.getMinutes())}`;
}
