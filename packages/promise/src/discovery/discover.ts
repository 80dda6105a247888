import { isSlapOSError, programKind, type Logger, type UntrustedDirectory } from '@slapos/host';

/** A health check that an instance brings with it. */
export interface PromiseCheck {
  readonly kind: 'executable' | 'python' | 'javascript';
  /** The name of its file. */
  readonly name: string;
  /** Under which its results are kept. */
  readonly title: string;
  readonly path: string;
}

const PLUGIN = /^(?!__init__).+\.(?:py|mjs|cjs|js)$/;
const COMPILED = /\.py[co]$/;
const FOLDERS = { executables: ['etc', 'promise'], plugins: ['etc', 'plugin'] } as const;

/** The name without its last extension; a leading dot begins no extension. */
export function promiseTitle(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(0, dot) : name;
}

/** Opens a folder below the partition; `undefined` when a part of the way does not exist. */
async function openBelow(
  partition: UntrustedDirectory,
  names: readonly string[],
): Promise<UntrustedDirectory | undefined> {
  let current = partition;
  for (const name of names) {
    const next = (await current.exists(name)) ? await current.openSubdirectory(name) : undefined;
    if (current !== partition) await current[Symbol.asyncDispose]();
    if (next === undefined) return undefined;
    current = next;
  }
  return current;
}

async function discoverPlugins(folder: UntrustedDirectory): Promise<PromiseCheck[]> {
  const names = await folder.list();
  for (const name of names) {
    if (COMPILED.test(name) && !names.includes(name.slice(0, -1))) await folder.remove(name);
  }
  return names
    .filter((name) => PLUGIN.test(name))
    .map((name) => ({
      kind: name.endsWith('.py') ? 'python' : 'javascript',
      name,
      title: promiseTitle(name),
      path: `${folder.path}/${name}`,
    }));
}

async function discoverExecutables(folder: UntrustedDirectory, logger: Logger): Promise<PromiseCheck[]> {
  const checks: PromiseCheck[] = [];
  for (const name of await folder.list()) {
    const path = `${folder.path}/${name}`;
    const kind = await kindOf(path);
    if (kind === 'absent' || kind === 'not executable') logger.warn('Not an executable file: skipped', { path });
    else checks.push({ kind: 'executable', name, title: promiseTitle(name), path });
  }
  return checks;
}

async function kindOf(path: string): Promise<Awaited<ReturnType<typeof programKind>>> {
  try {
    return await programKind(path);
  } catch (error) {
    if (isSlapOSError(error)) return 'absent';
    throw error;
  }
}

/** Finds the promises of a partition: plug-ins first, then executables, each group by name. (spec: promise 3.2) */
export async function discoverPromises(partition: UntrustedDirectory, logger: Logger): Promise<PromiseCheck[]> {
  const checks: PromiseCheck[] = [];
  const plugins = await openBelow(partition, FOLDERS.plugins);
  if (plugins !== undefined) {
    await using folder = plugins;
    checks.push(...(await discoverPlugins(folder)));
  }
  const executables = await openBelow(partition, FOLDERS.executables);
  if (executables !== undefined) {
    await using folder = executables;
    checks.push(...(await discoverExecutables(folder, logger)));
  }
  for (const check of checks) {
    const twin = checks.find((other) => other !== check && other.title === check.title && other.name < check.name);
    if (twin !== undefined) {
      logger.warn('Two promises share their results, because their names differ in the extension only', {
        names: [twin.name, check.name],
      });
    }
  }
  return checks;
}
