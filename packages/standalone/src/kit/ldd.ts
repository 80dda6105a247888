/** A library that a program asks for. */
export interface LinkedLibrary {
  readonly name: string;
  /** Undefined when the loader did not find it. */
  readonly path: string | undefined;
}

const RESOLVED = /^(\S+) => (\/.*) \(0x[0-9a-f]+\)$/;
const MISSING = /^(\S+) => not found$/;
/** Linked by its path; also the loader, which belongs to every Linux. */
const BY_PATH = /^(\/.*) \(0x[0-9a-f]+\)$/;
const LOADER = /\/ld-[^/]*$/;
/** The kernel's own. */
const BUILT_IN = /^[^/\s]+ \(0x[0-9a-f]+\)$/;
const NOT_LINKED = new Set(['not a dynamic executable', 'statically linked']);
const PERMISSION_WARNING = 'ldd: warning: you do not have execution permission for';

/**
 * Reads what `ldd` prints about one file (spec: standalone §6.3).
 * @throws Error with the line that it does not know
 */
export function readLddOutput(output: string): LinkedLibrary[] {
  const libraries: LinkedLibrary[] = [];
  for (const line of output.split('\n').map((text) => text.trim())) {
    if (line === '' || NOT_LINKED.has(line) || line.startsWith(PERMISSION_WARNING) || BUILT_IN.test(line)) continue;
    const [, resolvedName, resolvedPath] = RESOLVED.exec(line) ?? [];
    if (resolvedName !== undefined) {
      libraries.push({ name: resolvedName, path: resolvedPath });
      continue;
    }
    const [, direct] = BY_PATH.exec(line) ?? [];
    if (direct !== undefined) {
      if (!LOADER.test(direct)) libraries.push({ name: direct, path: direct });
      continue;
    }
    const [, missing] = MISSING.exec(line) ?? [];
    if (missing === undefined) throw new Error(`Unexpected line of ldd: ${line}`);
    libraries.push({ name: missing, path: undefined });
  }
  return libraries;
}
