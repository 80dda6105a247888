import { isSlapOSError, programKind, type Logger, type UntrustedDirectory, type UserIdentity } from '@slapos/host';

import { readDeclarativeCheck, type DeclarativeCheck } from '../declarative/declarative-check.js';

/** A health check that an instance brings with it. */
export interface PromiseCheck {
  readonly kind: 'executable' | 'python' | 'javascript' | 'declarative';
  /** The name of its file. */
  readonly name: string;
  /** Under which its results are kept. */
  readonly title: string;
  readonly path: string;
  /** What a declarative one says; `undefined` when it is invalid. */
  readonly definition?: DeclarativeCheck;
}

const PLUGIN = /^(?!__init__).+\.(?:py|mjs|cjs|js|json)$/;
/** As the Python node wants it of its plug-ins. */
const JAVASCRIPT = /^[A-Za-z_].*\.(?:mjs|cjs|js)$/;
const PACKAGE_MARK = '__init__.py';
const MARK_MODE = 0o644;
const MAX_DEFINITION_BYTES = 256 * 1024;
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

async function discoverPlugins(
  folder: UntrustedDirectory,
  user: UserIdentity | undefined,
  logger: Logger,
): Promise<PromiseCheck[]> {
  const names = await folder.list();
  for (const name of names) {
    if (COMPILED.test(name) && !names.includes(name.slice(0, -1))) await folder.remove(name);
  }
  const checks: PromiseCheck[] = [];
  for (const name of names.filter((each) => PLUGIN.test(each))) {
    const check = { name, title: promiseTitle(name), path: `${folder.path}/${name}` };
    if (name.endsWith('.py')) checks.push({ ...check, kind: 'python' });
    else if (name.endsWith('.json')) checks.push({ ...check, ...(await readDefinition(folder, name, logger)) });
    else if (JAVASCRIPT.test(name)) checks.push({ ...check, kind: 'javascript' });
    else logger.warn('The name of a plug-in must start with a letter or _: skipped', { path: check.path });
  }
  const needsMark = checks.some((check) => check.kind === 'python') && !names.includes(PACKAGE_MARK);
  if (needsMark) {
    const owner = user === undefined ? {} : { uid: user.uid, gid: user.gid };
    await folder.writeAtomic(PACKAGE_MARK, '', { mode: MARK_MODE, durable: false, ...owner });
  }
  return checks;
}

async function readDefinition(
  folder: UntrustedDirectory,
  name: string,
  logger: Logger,
): Promise<Pick<PromiseCheck, 'kind' | 'definition'>> {
  const path = `${folder.path}/${name}`;
  const hint = 'See the guide for authors of promises for what a declarative promise can say.';
  try {
    const found = readDeclarativeCheck((await folder.readText(name, { maxBytes: MAX_DEFINITION_BYTES })) ?? '');
    if ('check' in found) return { kind: 'declarative', definition: found.check };
    logger.error('A declarative promise is invalid', { path, problem: found.problem, hint });
  } catch (error) {
    if (!isSlapOSError(error)) throw error;
    logger.error('A declarative promise cannot be read', { path, problem: error.message, hint });
  }
  return { kind: 'declarative' };
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
export async function discoverPromises(
  partition: UntrustedDirectory,
  user: UserIdentity | undefined,
  logger: Logger,
): Promise<PromiseCheck[]> {
  const checks: PromiseCheck[] = [];
  const plugins = await openBelow(partition, FOLDERS.plugins);
  if (plugins !== undefined) {
    await using folder = plugins;
    checks.push(...(await discoverPlugins(folder, user, logger)));
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
