import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { type Host, type Logger, UntrustedDirectory, whyUntrusted } from '@slapos/host';

import { BUILT_IN_MANAGERS } from '../builtin/index.js';
import { ManagerSet, type NamedManager } from '../contract/manager-set.js';
import { MANAGER_CONTRACT, MANAGER_HOOKS, type ManagerDefinition } from '../contract/manager.js';
import { ManagerError } from '../errors.js';
import { packageEntry } from './package-entry.js';

/** How managers are named in the configuration. */
export interface LoadManagersOptions {
  /** `manager_list`: built-in names, names of npm packages, absolute paths of modules. */
  readonly names: readonly string[];
  /** The texts of each `[manager:NAME]` section. */
  readonly sections: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Folders whose `node_modules` may hold packages of managers, the first that has one wins. No other place is looked at. */
  readonly packageDirectories: readonly string[];
  /** Where managers keep what they remember; made when it is missing. Absolute. */
  readonly stateDirectory: string;
  readonly powerUsers: readonly string[];
  readonly firewallCommand?: readonly string[] | undefined;
}

const PACKAGE_NAME = /^(?:@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/;
const MANAGER_NAME = /^[a-z_][a-z0-9_-]*$/;
const STATE_MODE = 0o700;
const FOLDER_MODE = 0o755;

/**
 * Finds and makes the managers of a node. (spec: managers §1)
 * @throws ManagerError `MANAGER_NOT_FOUND`, `MANAGER_INVALID` (wrong shape), `MANAGER_WRONG_CONTRACT`, `MANAGER_INVALID_OPTIONS`,
 *   `MANAGER_REFUSED` (root would run a file that others can change)
 */
export async function loadManagers(
  options: LoadManagersOptions,
  ports: { readonly host: Host; readonly logger: Logger },
): Promise<ManagerSet> {
  const managers: NamedManager[] = [];
  for (const listed of options.names) {
    const definition = await findDefinition(listed, options, ports.host);
    const { name } = definition;
    if (managers.some((other) => other.name === name))
      throw new ManagerError('MANAGER_INVALID', `manager_list names ${name} twice`);
    const managerOptions = checkOptions(definition, options.sections.get(name) ?? {});
    const manager = await definition.create(managerOptions, {
      host: ports.host,
      logger: ports.logger.child({ manager: name }),
      stateDirectory: await prepareState(options.stateDirectory, name),
      powerUsers: options.powerUsers,
      firewallCommand: options.firewallCommand,
    });
    managers.push({ name, manager: checkManager(listed, manager) });
  }
  return new ManagerSet(managers);
}

async function findDefinition(listed: string, options: LoadManagersOptions, host: Host): Promise<ManagerDefinition> {
  const builtIn = BUILT_IN_MANAGERS.get(listed);
  if (builtIn !== undefined) return builtIn;
  const file = path.isAbsolute(listed) ? listed : findPackage(listed, options.packageDirectories);
  if (!existsSync(file)) throw notFound(listed, `there is no ${file}`);
  const why = host.isRoot ? await whyUntrusted(file, 0) : undefined;
  if (why !== undefined) {
    throw new ManagerError('MANAGER_REFUSED', `The manager ${listed} is not run as root: ${why}`, {
      hint: 'Whoever can change it would be root. Give the file and the folders above it to root, writable by nobody else.',
    });
  }
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ManagerError('MANAGER_INVALID', `The manager ${listed} cannot be loaded from ${file}: ${reason}`, {
      cause: error,
    });
  }
  return checkDefinition(listed, file, module.default);
}

function findPackage(name: string, directories: readonly string[]): string {
  if (!PACKAGE_NAME.test(name))
    throw notFound(name, 'it is neither a built-in one, nor a package, nor an absolute path');
  for (const directory of directories) {
    const folder = path.join(directory, 'node_modules', name);
    if (existsSync(folder)) return packageEntry(name, folder);
  }
  throw notFound(name, `no package of that name is installed in ${directories.join(' or ') || '(no folder given)'}`);
}

function notFound(name: string, why: string): ManagerError {
  return new ManagerError('MANAGER_NOT_FOUND', `manager_list names ${JSON.stringify(name)}, but ${why}`, {
    hint: `Built in are ${[...BUILT_IN_MANAGERS.keys()].join(', ')}. Install a package with npm install --prefix DIR, where manager_package_directory = DIR.`,
  });
}

function checkDefinition(listed: string, file: string, value: unknown): ManagerDefinition {
  const invalid = (what: string): ManagerError =>
    new ManagerError('MANAGER_INVALID', `The manager ${listed} (${file}) ${what}`, {
      hint: 'Its module must export defineManager({ name, create }) of @slapos/manager as its default.',
    });
  if (typeof value !== 'object' || value === null) throw invalid('has no definition as its default export');
  const { contract, name, create } = value as Partial<Record<keyof ManagerDefinition, unknown>>;
  if (contract !== MANAGER_CONTRACT) {
    throw new ManagerError(
      'MANAGER_WRONG_CONTRACT',
      `The manager ${listed} (${file}) is made for version ${String(contract)} of the contract; this node has ${String(MANAGER_CONTRACT)}`,
      { hint: 'Install a version of it that goes with this version of SlapOS.' },
    );
  }
  if (typeof name !== 'string' || !MANAGER_NAME.test(name)) throw invalid(`has the name ${JSON.stringify(name)}`);
  if (typeof create !== 'function') throw invalid('has no function create');
  return value as ManagerDefinition;
}

function checkManager(listed: string, value: unknown): NamedManager['manager'] {
  if (typeof value !== 'object' || value === null)
    throw new ManagerError('MANAGER_INVALID', `create of the manager ${listed} gives no manager`);
  for (const hook of MANAGER_HOOKS) {
    const found = (value as Record<string, unknown>)[hook];
    if (found !== undefined && typeof found !== 'function')
      throw new ManagerError('MANAGER_INVALID', `${hook} of the manager ${listed} is no function`);
  }
  return value;
}

function checkOptions({ name, options }: ManagerDefinition, texts: Readonly<Record<string, string>>): unknown {
  if (options === undefined) {
    const [key] = Object.keys(texts);
    if (key === undefined) return undefined;
    throw new ManagerError('MANAGER_INVALID_OPTIONS', `[manager:${name}] ${key}: this manager has no options`);
  }
  const result = options.safeParse(texts);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => {
    const [key] = issue.path;
    // zod names the keys that it does not know in a sentence of its own, without a path.
    if (key === undefined && 'keys' in issue && Array.isArray(issue.keys))
      return issue.keys.map((unknown) => `[manager:${name}] ${String(unknown)}: is not known`);
    return [`[manager:${name}]${key === undefined ? '' : ` ${String(key)}`}: ${issue.message}`];
  });
  throw new ManagerError('MANAGER_INVALID_OPTIONS', problems.join('\n'));
}

async function prepareState(directory: string, name: string): Promise<string> {
  await using folder = await ensureDirectory(directory);
  await using own = await folder.openSubdirectory(name, { create: true, mode: STATE_MODE });
  return own.path;
}

/** Makes a folder and those above it that are missing. */
async function ensureDirectory(directory: string): Promise<UntrustedDirectory> {
  if (existsSync(directory)) return UntrustedDirectory.open(directory);
  await using parent = await ensureDirectory(path.dirname(directory));
  return await parent.openSubdirectory(path.basename(directory), { create: true, mode: FOLDER_MODE });
}
